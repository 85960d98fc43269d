/**
 * What the server counts about itself, in the text format of Prometheus (exposition format 0.0.4).
 * Counters and histograms are written where things happen; gauges are read when somebody asks.
 * Elsewhere: who may ask (protocols/metrics.ts). A library was not worth it: this is all that is needed of one.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

export type Labels = Readonly<Record<string, string>>;

/** Upper bounds in seconds of the steps of latency. */
const STEPS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Series of one name; labels never hold what users send, so this is only a safeguard. */
const MAX_SERIES = 500;

interface Histogram {
  readonly buckets: number[];
  count: number;
  sum: number;
}

export class Metrics {
  private readonly helps = new Map<string, { help: string; type: string }>();
  private readonly counters = new Map<string, Map<string, number>>();
  private readonly histograms = new Map<string, Map<string, Histogram>>();
  private readonly gauges = new Map<string, () => number | Promise<number>>();
  private readonly loop = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    this.loop.enable();
    this.gauge(
      'convene_event_loop_delay_p99_seconds',
      'Delay of the event loop since the last scrape, 99th percentile.',
      () => {
        const value = this.loop.percentile(99) / 1e9;
        this.loop.reset();
        return Number.isFinite(value) ? value : 0;
      },
    );
    this.gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
    this.gauge('process_uptime_seconds', 'Time since the start.', () => process.uptime());
  }

  /** Names a value that is read when somebody asks. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void {
    this.helps.set(name, { help, type: 'gauge' });
    this.gauges.set(name, read);
  }

  /** Notes an operation of a protocol that ended. */
  request(protocol: string, operation: string, outcome: string, seconds: number): void {
    this.count('convene_requests_total', 'Requests and commands that ended.', { protocol, operation, outcome });
    this.observe('convene_request_seconds', 'How long requests and commands took.', { protocol }, seconds);
  }

  /** Notes a connection that opened or closed. */
  connection(protocol: string, change: 1 | -1): void {
    if (change === 1) this.count('convene_connections_total', 'Connections taken.', { protocol });
    this.count('convene_connections_open', 'Connections that are open.', { protocol }, change, 'gauge');
  }

  count(name: string, help: string, labels: Labels, by = 1, type = 'counter'): void {
    this.helps.set(name, { help, type });
    const series = seriesOf(this.counters, name);
    const key = printLabels(labels);
    if (!series.has(key) && series.size >= MAX_SERIES) return;
    series.set(key, (series.get(key) ?? 0) + by);
  }

  observe(name: string, help: string, labels: Labels, value: number): void {
    this.helps.set(name, { help, type: 'histogram' });
    const series = seriesOf(this.histograms, name);
    const key = printLabels(labels);
    let histogram = series.get(key);
    if (histogram === undefined) {
      if (series.size >= MAX_SERIES) return;
      histogram = { buckets: STEPS.map(() => 0), count: 0, sum: 0 };
      series.set(key, histogram);
    }
    histogram.count++;
    histogram.sum += value;
    for (const [i, step] of STEPS.entries()) if (value <= step) histogram.buckets[i]! += 1;
  }

  /** Everything, as text. A gauge that cannot be read is left out. */
  async print(): Promise<string> {
    let text = '';
    for (const [name, { help, type }] of this.helps) {
      const gauge = this.gauges.get(name);
      const lines = gauge === undefined ? this.linesOf(name) : await gaugeLine(name, gauge);
      if (lines !== '') text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines}`;
    }
    return text;
  }

  stop(): void {
    this.loop.disable();
  }

  private linesOf(name: string): string {
    let text = '';
    for (const [labels, value] of this.counters.get(name) ?? []) text += `${name}{${labels}} ${value}\n`;
    for (const [labels, { buckets, count, sum }] of this.histograms.get(name) ?? []) {
      for (const [i, step] of STEPS.entries()) text += `${name}_bucket{${labels},le="${step}"} ${buckets[i]}\n`;
      text += `${name}_bucket{${labels},le="+Inf"} ${count}\n${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${count}\n`;
    }
    return text;
  }
}

function seriesOf<T>(map: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const known = map.get(name);
  if (known !== undefined) return known;
  const series = new Map<string, T>();
  map.set(name, series);
  return series;
}

async function gaugeLine(name: string, read: () => number | Promise<number>): Promise<string> {
  try {
    return `${name} ${await read()}\n`;
  } catch {
    return '';
  }
}

function printLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
    .join(',');
}
