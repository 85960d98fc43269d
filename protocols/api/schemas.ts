/**
 * The JSON of scheduling as schemas: what requests must look like, and what answers do.
 * JSON Schema 2020-12, as OpenAPI 3.1 uses it; requests are validated against these very objects (validation.ts).
 * Elsewhere: paths and operations (openapi.ts).
 */

const address = {
  type: 'string',
  format: 'mail-address',
  maxLength: 320,
  description: 'A mail address; a "mailto:" in front of it is fine.',
} as const;
const time = {
  type: 'string',
  format: 'time-or-local-time',
  maxLength: 40,
  description: 'RFC 3339 with an offset or Z, or without one: then on the clock of timeZone.',
  examples: ['2026-03-02T10:00:00+01:00', '2026-03-02T10:00'],
} as const;
const instant = { type: 'string', format: 'date-time' } as const;
const timeZone = {
  type: 'string',
  format: 'time-zone',
  maxLength: 255,
  default: 'UTC',
  description: 'An IANA name. The clock of local times, and of every time in the answer.',
  examples: ['Europe/Paris'],
} as const;
const minutes = (description: string, minimum: number, maximum: number, value?: number) => ({
  type: 'integer',
  minimum,
  maximum,
  description,
  ...(value === undefined ? {} : { default: value }),
});
const addresses = (description: string, minItems = 0) => ({
  type: 'array',
  items: { $ref: '#/components/schemas/Address' },
  minItems,
  maxItems: 200,
  description,
});
const text = (description: string) => ({ type: 'string', description });
const flag = (description: string) => ({ type: 'boolean', description });
const list = (name: string, description = '') => ({
  type: 'array',
  items: { $ref: `#/components/schemas/${name}` },
  ...(description === '' ? {} : { description }),
});
const shape = (required: readonly string[], properties: Record<string, unknown>, description?: string) => ({
  type: 'object',
  ...(description === undefined ? {} : { description }),
  required,
  additionalProperties: false,
  properties,
});

const interval = { from: { ...instant }, until: { ...instant } };

export const schemas = {
  Address: address,
  Window: shape(['from', 'until'], { from: time, until: time }, 'From inclusive, until exclusive; at most 366 days.'),
  WantedRoom: shape(
    [],
    {
      capacity: { type: 'integer', minimum: 0, maximum: 100_000, description: 'Seats, at least.' },
      features: {
        type: 'array',
        maxItems: 50,
        items: { type: 'string', minLength: 1, maxLength: 255 },
        description: 'All of these.',
      },
      building: { type: 'string', minLength: 1, maxLength: 255 },
    },
    'What a room must have. Each one wanted is a room of its own; the smallest that does is taken.',
  ),
  SuggestionRequest: shape(['organizer', 'duration', 'window'], {
    organizer: { $ref: '#/components/schemas/Address' },
    requiredAttendees: addresses('People, groups, rooms and resources that must be free; inside or outside.'),
    optionalAttendees: addresses('Their conflicts are told and count little.'),
    duration: minutes('Minutes the meeting lasts.', 1, 10_080),
    start: { ...time, description: 'The wished start; the start of the window when left out.' },
    window: { $ref: '#/components/schemas/Window' },
    step: minutes(
      'Minutes between two starts that are tried, counted on the clock from the wished start.',
      5,
      1_440,
      30,
    ),
    timeZone,
    workingHours: {
      type: 'boolean',
      default: true,
      description: 'Whether only working hours will do: declared ones (RFC 7953), or else assumed ones.',
    },
    bufferBefore: minutes('Minutes before the meeting in which people must be free too.', 0, 1_440, 0),
    bufferAfter: minutes('Minutes after it likewise.', 0, 1_440, 0),
    rooms: { ...list('WantedRoom', 'Rooms wanted.'), maxItems: 5 },
    countOrganizer: {
      type: 'boolean',
      default: false,
      description: "Whether the organizer's own calendar counts.",
    },
    limit: { type: 'integer', minimum: 1, maximum: 50, default: 10, description: 'How many times to suggest.' },
    explain: {
      type: 'array',
      maxItems: 50,
      items: time,
      description: 'Starts within the window to judge, with everything in their way.',
    },
  }),
  Attendee: shape(
    ['address', 'required', 'counted', 'availability', 'workingHours'],
    {
      address: text('As asked for, or the primary address of a member of a group.'),
      name: text('Its display name, when it has an account here.'),
      kind: { enum: ['individual', 'group', 'resource', 'room'] },
      group: text('The group it was asked for by.'),
      required: flag('False for optional attendees.'),
      counted: flag('False for an organizer whose calendar does not count.'),
      availability: {
        enum: ['known', 'unknown'],
        description: 'Unknown is neither free nor busy: such an attendee blocks no time and frees none.',
      },
      unknownBecause: {
        enum: ['no-account', 'not-shared', 'too-many-events'],
        description: 'No account here that the asker can see; not shared with the asker; more events than can be told.',
      },
      workingHours: { enum: ['declared', 'assumed', 'ignored'] },
    },
    'Somebody whose time was asked for.',
  ),
  Conflict: shape(
    ['kind', 'required', 'from', 'until', 'wholeDay', 'bufferOnly', 'text'],
    {
      kind: {
        enum: ['busy', 'tentative', 'unavailable', 'outside-working-hours', 'room-taken', 'no-room'],
      },
      who: text('The address of the attendee or the room; none when no room will do.'),
      required: flag('Whether it keeps the time from fitting.'),
      ...interval,
      wholeDay: flag('An event of whole days, opaque.'),
      bufferOnly: flag('It touches the buffer around the meeting alone.'),
      summary: text('The title of the event, only when the asker may read it.'),
      text: text('A sentence.'),
    },
    'Who or what is in the way, as far as the asker may know.',
  ),
  Reason: shape(['code', 'text'], {
    code: { enum: ['distance', 'required', 'optional', 'unknown', 'working-hours', 'buffers', 'room'] },
    text: text('A sentence.'),
  }),
  Room: shape(['address', 'name', 'capacity', 'features', 'building', 'booking'], {
    address: text('To be invited.'),
    name: text('Its display name.'),
    capacity: { type: 'integer', description: 'Seats; 0 when nobody said.' },
    features: { type: 'array', items: { type: 'string' } },
    building: { type: 'string' },
    booking: { enum: ['auto-accept', 'approval', 'auto-decline'] },
  }),
  Slot: shape(['start', 'end', 'fits', 'reasons', 'conflicts', 'rooms'], {
    rank: { type: 'integer', minimum: 1, description: 'From 1; none for times that were only asked about.' },
    start: instant,
    end: instant,
    fits: flag('Whether everything required is free.'),
    reasons: list('Reason'),
    conflicts: list('Conflict'),
    rooms: {
      type: 'array',
      items: { oneOf: [{ $ref: '#/components/schemas/Room' }, { type: 'null' }] },
      description: 'For each room wanted the one that is free, or null.',
    },
  }),
  Blocker: shape(['blocked', 'text'], {
    who: text('An address.'),
    room: { type: 'integer', description: 'Which of the rooms wanted, from 0.' },
    blocked: { type: 'integer', description: 'How many of the times it keeps from fitting.' },
    text: text('A sentence.'),
  }),
  SuggestionResponse: shape(['attendees', 'examined', 'fitting', 'suggestions', 'compromises', 'explained', 'notes'], {
    attendees: list('Attendee'),
    examined: { type: 'integer', description: 'How many starts were tried.' },
    fitting: { type: 'integer', description: 'How many of them fit.' },
    suggestions: list('Slot', 'Those nearest to the wished start first.'),
    compromises: list('Slot', 'Only when nothing fits: those with the fewest conflicts first.'),
    nothingFits: shape(['text', 'blockers'], { text: text('Why.'), blockers: list('Blocker', 'The worst first.') }),
    explained: list('Slot', 'The times asked about, in the order asked.'),
    notes: { type: 'array', items: { type: 'string' }, description: 'Rules that hold for the whole answer.' },
  }),
  FreeBusyRequest: shape(['attendees', 'from', 'until'], {
    attendees: addresses('Whose time is asked for.', 1),
    from: time,
    until: time,
    timeZone,
    workingHours: {
      type: 'boolean',
      default: true,
      description: 'Whether time outside of declared working hours is told as BUSY-UNAVAILABLE.',
    },
  }),
  BusyPeriod: shape(['type', 'from', 'until'], {
    type: { enum: ['BUSY', 'BUSY-TENTATIVE', 'BUSY-UNAVAILABLE'] },
    ...interval,
  }),
  AttendeeFreeBusy: shape(['address', 'availability', 'busy'], {
    address: { type: 'string' },
    name: { type: 'string' },
    kind: { enum: ['individual', 'group', 'resource', 'room'] },
    group: { type: 'string' },
    availability: { enum: ['known', 'unknown'] },
    unknownBecause: { enum: ['no-account', 'not-shared', 'too-many-events'] },
    busy: list('BusyPeriod', 'Ascending, not overlapping; empty when unknown.'),
  }),
  FreeBusyResponse: shape(['attendees'], { attendees: list('AttendeeFreeBusy') }),
  Problem: {
    type: 'object',
    description: 'RFC 9457.',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: text('about:blank, or urn:convene:problem: and what it is.'),
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      errors: {
        type: 'array',
        description: 'Each thing that is wrong with the body.',
        items: shape(['pointer', 'detail'], {
          pointer: text('RFC 6901, as a URI fragment: #/window/from.'),
          detail: { type: 'string' },
        }),
      },
    },
  },
} as const;

export type SchemaName = keyof typeof schemas;
