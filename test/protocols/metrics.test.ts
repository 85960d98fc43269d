/** Figures for Prometheus and readiness: what they say, and to whom. */
import t from 'tap';
import { Metrics } from '../../src/metrics.ts';
import { startServer } from '../support/server.ts';

t.test('counts, latencies and gauges', async (t) => {
  const server = await startServer(t);
  const anna = await server.addUser('anna');
  await server.request(anna, 'GET', '/dav/calendars/anna/calendar/');
  await server.request(anna, 'GET', '/dav/calendars/anna/none/');
  await server.request(undefined, 'GET', '/feeds/secret-of-a-link/x.ics');
  const { status, headers, text } = await server.request(undefined, 'GET', '/metrics');
  t.equal(status, 200);
  t.match(headers['content-type'], 'text/plain; version=0.0.4');
  for (const line of [
    'convene_requests_total{protocol="caldav",operation="GET",outcome="2xx"} 1',
    'convene_requests_total{protocol="caldav",operation="GET",outcome="4xx"} 1',
    'convene_request_seconds_count{protocol="caldav"} 2',
    'convene_connections_open{protocol="http"} 1',
  ])
    t.match(text, `\n${line}\n`);
  for (const name of [
    'convene_store_bytes',
    'convene_disk_free_bytes',
    'convene_event_loop_delay_p99_seconds',
    'convene_queue_overdue_seconds',
  ])
    t.match(text, new RegExp(`^${name} [\\d.e-]+$`, 'm'));
  t.notMatch(text, 'secret-of-a-link');
  for (const line of text.trimEnd().split('\n'))
    t.match(line, /^(# (HELP|TYPE) [a-z0-9_]+ .+|[a-z0-9_]+(\{([a-z]+="[^"]*",?)+\})? ([\d.e+-]+|NaN))$/, line);
});

t.test('only for those who may know', async (t) => {
  const server = await startServer(t, {
    environment: { CONVENE_METRICS_FROM: '10.0.0.0/8', CONVENE_TRUSTED_PROXIES: '127.0.0.1' },
  });
  t.equal((await server.request(undefined, 'GET', '/metrics')).status, 404);
  const forwarded = { 'X-Forwarded-For': '10.1.2.3' };
  t.equal((await server.request(undefined, 'GET', '/metrics', { headers: forwarded })).status, 404);
});

t.test('readiness says what is wrong', async (t) => {
  let now = Date.parse('2026-11-26T12:00:00Z');
  const server = await startServer(t, { now: () => now });
  const { id } = await server.addUser('anna');
  const ready = async () => server.request(undefined, 'GET', '/health/ready');
  t.match(await ready(), { status: 200, text: 'ready\n' });
  await server.store.transaction(async (write) => {
    const blobId = await write.blobs.put(id, Buffer.alloc(32), Buffer.from('x'), now);
    await write.submissions.add({
      accountId: id,
      blobId,
      mailFrom: 'anna@example.org',
      rcptTo: 'bob@example.net',
      options: '{}',
      state: 'queued',
      attempts: 0,
      nextAttemptAt: now,
      lastError: null,
      createdAt: now,
    });
  });
  now += 16 * 60_000;
  await new Promise((resolve) => setTimeout(resolve, 1_050));
  t.match(await ready(), { status: 503, text: 'not ready: the mail queue does not move\n' });
});

t.test('series are bounded', async (t) => {
  const metrics = new Metrics();
  t.teardown(() => metrics.stop());
  for (let i = 0; i < 2_000; i++) metrics.request('imap', `X${i}`, 'OK', 0.002);
  t.equal((await metrics.print()).match(/^convene_requests_total\{/gm)?.length, 500);
});
