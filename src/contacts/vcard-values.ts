/**
 * Single values between vCard 3.0 and 4.0: pictures and keys, dates, positions, offsets. Pure text.
 * RFC 2426 §3, §4; RFC 6350 §4.3 (dates), §5.7 (MEDIATYPE), §6; RFC 2397 (data URIs).
 * Elsewhere: which property has which (vcard-conversion.ts).
 */
import { changed, type Parameter, type Property, parameterValues, typesOf } from './vcard.ts';

const MEDIA_TYPES: Record<string, string> = {
  'PHOTO jpg': 'image/jpeg',
  'LOGO jpg': 'image/jpeg',
  'SOUND wave': 'audio/wav',
  'KEY pgp': 'application/pgp-keys',
  'KEY x509': 'application/pkix-cert',
};
const MAIN_TYPES: Record<string, string> = { PHOTO: 'image', LOGO: 'image', SOUND: 'audio', KEY: 'application' };
const TYPES = new Map(Object.entries(MEDIA_TYPES).map(([key, media]) => [media, key.split(' ')[1] as string]));
/** How octets of the usual pictures begin, in base64. */
const SIGNATURES: [string, string][] = [
  ['/9j/', 'image/jpeg'],
  ['iVBORw0KGgo', 'image/png'],
  ['R0lGOD', 'image/gif'],
  ['UklGR', 'image/webp'],
];

/** Types that tell where something is used, not what it is. */
const PLACES = new Set(['home', 'work', 'pref']);

/** PHOTO, LOGO, SOUND, KEY of 4.0 as 3.0 writes them: octets in `ENCODING=b`, everything else by `VALUE=uri`. */
export function media3(property: Property): Property {
  const rest = property.parameters.filter(({ name }) => name !== 'VALUE' && name !== 'MEDIATYPE' && name !== 'TYPE');
  const places = parameterValues(property, 'TYPE').filter((type) => PLACES.has(type.toLowerCase()));
  const data = readDataUri(property.value);
  const media = data?.mediaType ?? parameterValues(property, 'MEDIATYPE')[0]?.toLowerCase() ?? '';
  const types = media === '' ? places : [typeOf(media), ...places];
  const type: Parameter[] = types.length === 0 ? [] : [{ name: 'TYPE', values: types }];
  if (data !== undefined) {
    return changed(property, {
      parameters: [{ name: 'ENCODING', values: ['b'] }, ...type, ...rest],
      value: data.base64,
    });
  }
  const valueType = parameterValues(property, 'VALUE')[0]?.toLowerCase() === 'text' ? 'text' : 'uri';
  return changed(property, { parameters: [{ name: 'VALUE', values: [valueType] }, ...type, ...rest] });
}

/** 'image/jpeg' as 'JPEG', 'application/pgp-keys' as 'PGP'. */
function typeOf(mediaType: string): string {
  const known = TYPES.get(mediaType);
  if (known !== undefined && known !== 'jpg') return known.toUpperCase();
  const [main, sub] = mediaType.split('/');
  return main === 'application' ? mediaType : (sub ?? mediaType).toUpperCase();
}

function readDataUri(value: string): { mediaType: string; base64: string } | undefined {
  if (!/^data:/i.test(value)) return undefined;
  const comma = value.indexOf(',');
  if (comma === -1) return undefined;
  const [mediaType = '', ...attributes] = value.slice(5, comma).replaceAll('\\', '').split(';');
  const body = value.slice(comma + 1);
  if (attributes.some((attribute) => attribute.trim().toLowerCase() === 'base64')) {
    return { mediaType: mediaType.trim().toLowerCase(), base64: withoutSpace(body) };
  }
  try {
    return { mediaType: mediaType.toLowerCase(), base64: Buffer.from(decodeURIComponent(body)).toString('base64') };
  } catch {
    return undefined;
  }
}

/** The same of 3.0 as 4.0 writes them: octets in a data URI. */
export function media4(property: Property): Property {
  const encoding = parameterValues(property, 'ENCODING')[0]?.toLowerCase();
  const rest = property.parameters.filter(({ name }) => name !== 'VALUE' && name !== 'ENCODING' && name !== 'TYPE');
  const types = typesOf(property);
  const places = types.filter((type) => PLACES.has(type));
  const format = types.find((type) => !PLACES.has(type));
  const type: Parameter[] = places.length === 0 ? [] : [{ name: 'TYPE', values: places }];
  if (encoding === 'b' || encoding === 'base64') {
    const base64 = withoutSpace(property.value);
    return changed(property, {
      parameters: [...type, ...rest],
      value: `data:${mediaTypeOf(property.name, format, base64)};base64,${base64}`,
    });
  }
  const text =
    property.name === 'KEY' &&
    parameterValues(property, 'VALUE')[0]?.toLowerCase() !== 'uri' &&
    !/^[a-z][a-z0-9+.-]*:/i.test(property.value);
  const valueType: Parameter[] = text ? [{ name: 'VALUE', values: ['text'] }] : [];
  const media: Parameter[] =
    format === undefined ? [] : [{ name: 'MEDIATYPE', values: [mediaTypeOf(property.name, format, '')] }];
  return changed(property, { parameters: [...valueType, ...media, ...type, ...rest] });
}

function withoutSpace(text: string): string {
  return /\s/.test(text) ? text.replace(/\s+/g, '') : text;
}

function mediaTypeOf(name: string, format: string | undefined, base64: string): string {
  if (format === undefined)
    return SIGNATURES.find(([begin]) => base64.startsWith(begin))?.[1] ?? 'application/octet-stream';
  if (format.includes('/')) return format;
  return MEDIA_TYPES[`${name} ${format}`] ?? `${MAIN_TYPES[name]}/${format}`;
}

const YEAR_UNKNOWN = '1604';

/**
 * A date of 4.0 as 3.0 can write it; undefined when it cannot: a year or a month alone, or free text.
 * RFC 6350 §4.3.4 to RFC 2426 §3.1.5.
 */
export function date3(value: string): { value: string; parameters: Parameter[] } | undefined {
  const parts = /^(\d{4}|--)-?(\d\d)-?(\d\d)(?:T(\d\d)(?::?(\d\d)(?::?(\d\d))?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
    value.trim(),
  );
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute = '00', second = '00', zone = ''] = parts;
  // Address books that speak 3.0 write a birthday without year as one of 1604 and say so.
  const omitted: Parameter[] = year === '--' ? [{ name: 'X-APPLE-OMIT-YEAR', values: [YEAR_UNKNOWN] }] : [];
  const date = `${year === '--' ? YEAR_UNKNOWN : year}-${month}-${day}`;
  if (hour === undefined) return { value: date, parameters: omitted };
  const offset = zone.length > 1 ? `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}` : zone.toUpperCase();
  return {
    value: `${date}T${hour}:${minute}:${second}${offset}`,
    parameters: [{ name: 'VALUE', values: ['date-time'] }, ...omitted],
  };
}

/** The date of a property of 3.0 as 4.0 writes it, basic and truncated; undefined when it is none. */
export function date4(property: Property): string | undefined {
  const value = property.value.trim();
  const parts =
    /^(\d{4}|--)-?(\d\d)-?(\d\d)(?:T(\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
      value,
    );
  if (parts === null) return /^(\d{4}(-\d\d)?|---\d\d|--\d\d)$/.test(value) ? value : undefined;
  const [, year, month, day, hour, minute = '', second = '', zone = ''] = parts;
  const omitted = year === '--' || parameterValues(property, 'X-APPLE-OMIT-YEAR').includes(year ?? '');
  const time = hour === undefined ? '' : `T${hour}${minute}${second}${zone.toUpperCase().replace(':', '')}`;
  return `${omitted ? '--' : year}${month}${day}${time}`;
}

/** A moment of 3.0, basic as 4.0 has it (RFC 6350 §4.3.5); anything else as it is. */
export function timestamp4(value: string): string {
  const parts = /^(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d):?(\d\d)(?:[.,]\d+)?(Z|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(
    value.trim(),
  );
  if (parts === null) return value;
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = 'Z'] = parts;
  return `${year}${month}${day}T${hour}${minute}${second}${zone.toUpperCase().replace(':', '')}`;
}

/** `geo:37.3,-122.1` as `37.3;-122.1`; anything else as it is. RFC 2426 §3.4.2, RFC 5870. */
export function geo3(value: string): string {
  const parts = /^geo:(-?[\d.]+),(-?[\d.]+)(?:[,;].*)?$/i.exec(value.trim());
  return parts === null ? value : `${parts[1]};${parts[2]}`;
}

/** The other way round. */
export function geo4(value: string): string {
  const parts = /^(-?[\d.]+)\\?[;,](-?[\d.]+)$/.exec(value.trim());
  return parts === null ? value : `geo:${parts[1]},${parts[2]}`;
}

/** `-0500` as `-05:00`; undefined when it is no offset. */
export function offset3(value: string): string | undefined {
  const parts = /^([+-]\d\d):?(\d\d)?$/.exec(value.trim());
  return parts === null ? undefined : `${parts[1]}:${parts[2] ?? '00'}`;
}

/** The other way round. */
export function offset4(value: string): string | undefined {
  return offset3(value)?.replace(':', '');
}
