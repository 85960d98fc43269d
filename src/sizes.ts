/** Amounts of octets as people write them: `500M`, `2G`; units are powers of 1,024. Pure. */

const UNITS = ['', 'K', 'M', 'G', 'T'];

/** The octets of `2G` or `1.5 GB`; undefined for what is no size. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,3}))?\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const unit = 1024 ** UNITS.indexOf((match[3] ?? '').toUpperCase());
  const octets = Math.round(Number(`${match[1]}.${match[2] ?? 0}`) * unit);
  return Number.isSafeInteger(octets) ? octets : undefined;
}

/** `1.5 GB`: at most one digit after the point. */
export function printSize(octets: number): string {
  let unit = 0;
  let size = octets;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return unit === 0 ? `${octets} bytes` : `${size.toFixed(1).replace(/\.0$/, '')} ${UNITS[unit]}B`;
}
