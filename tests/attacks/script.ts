/**
 * Scripts of what connections do, for `peers.cpp`: groups of them, each with the lines of a
 * script. In a text `{{i}}` is the number of the connection, `{{count}}` a number that no text had
 * before, `{{room_id}}` an id that no room has, and `{{name}}` what `expect` or `set` called so: on
 * this connection, or on any of its program where the name begins with `@` (until then a `?`).
 *
 * @module
 */

/** Connections that all do the same. */
export interface Group {
  name: string;
  count: number;
  /** The subprotocol that `open` asks for, if any; what a raw one hears is not read as frames. */
  dialect: "plain" | "v1" | "raw";
  /** The address they come from; with `*` at its end, as in `127.1.*`, each has one of its own. */
  from: string;
  /** Milliseconds after which one that was closed or disappointed begins again; it does not where this is missing. */
  again?: number;
  lines: string[];
}

/** The groups as `peers.cpp` reads them. */
export function scriptOf(groups: readonly Group[]): string {
  const parts = groups.map(({ name, count, dialect, from, again, lines }) =>
    [`peers ${name} ${count} ${dialect} ${from} ${again ?? -1}`, ...lines].join("\n")
  );
  return [...parts, "go", ""].join("\n");
}

/** Longer than any attack lasts, in milliseconds. */
export const FOR_EVER_MS = 600_000;

/** Connects and upgrades. */
export const OPEN = "open";
/** Connects, and says nothing by itself. */
export const DIAL = "dial";
/** Reads nothing any more. */
export const MUTE = "mute";
/** Ends the connection with a reset. */
export const RESET = "reset";
/** Ends the connection without a word. */
export const HANG_UP = "hangup";
/** Leaves the connection as it is: nobody reads, answers or ends it. */
export const ABANDON = "abandon";
/** Says that everything is in place for this connection. */
export const READY = "ready";

/** Sends a frame of text: a value as JSON, or a string as it is. */
export function send(frame: unknown): string {
  return `send ${typeof frame === "string" ? frame : JSON.stringify(frame)}`;
}

/** Sends bytes as they are; a string stands for its UTF-8. */
export function raw(bytes: string | Uint8Array<ArrayBuffer>): string {
  const data = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
  return `raw ${data.toHex()}`;
}

/** Sends so many times "[", as fast as it is taken. */
export function fill(bytes: number): string {
  return `fill ${bytes}`;
}

/**
 * Waits for a frame with a text in it, of those that come from now on. What stands behind that
 * text, up to the next quotation mark, is called `as`. One that waits in vain counts as `label`.
 */
export function expect(
  text: string,
  { as = "-", label = "no answer", withinMs = 10_000 }: {
    as?: string;
    label?: string;
    withinMs?: number;
  } = {},
): string {
  return `expect ${withinMs} ${label.replaceAll(" ", "_")} ${as} ${text}`;
}

/** Lets time pass. */
export function wait(ms: number): string {
  return `wait ${ms}`;
}

/** Waits for the next moment of a clock that ticks every so many milliseconds. */
export function every(ms: number): string {
  return `every ${ms}`;
}

/** Waits for the next moment of such a clock that all connections have in common. */
export function together(ms: number): string {
  return `together ${ms}`;
}

/** Reads at most so many bytes, once. */
export function sip(bytes: number): string {
  return `sip ${bytes}`;
}

/** Lets connections from here on take this much before they read it; the kernel doubles it. */
export function receiveBuffer(bytes: number): string {
  return `buffer ${bytes}`;
}

/** Closes with a code, and waits for nothing. */
export function close(code: number): string {
  return `close ${code}`;
}

/** Counts that this line was reached. */
export function count(what: string): string {
  return `count ${what}`;
}

/** Gives a text a name. */
export function set(name: string, text: string): string {
  return `set ${name} ${text}`;
}

/** Does lines several times. */
export function repeat(times: number, lines: readonly string[]): string[] {
  return [`repeat ${times}`, ...lines, "end"];
}

/** Does lines again and again. */
export function forever(lines: readonly string[]): string[] {
  return ["forever", ...lines, "end"];
}

/** Connects and says hello; the answer's secret is called `session`. */
export function greet(hello: Record<string, string> = {}): string[] {
  return [
    OPEN,
    send({ action: "hello", body: hello }),
    expect(`"session":"`, { as: "session" }),
  ];
}

/** Connects and comes back as who it was. */
export const RESUME: readonly string[] = [
  OPEN,
  send({ action: "hello", body: { session: "{{session}}" } }),
  expect(`"resumed":`),
];

/** Joins a room in `parley.v1` and waits for the answer. */
export function join(roomId: string, fields: Record<string, unknown> = {}): string[] {
  return [
    send({ action: "join", body: { room_id: roomId, ...fields } }),
    expect(`"message":"Joined room`),
  ];
}

/** Makes a room in `parley.v1`, whose id is called `room` unless given. */
export function create(as = "room"): string[] {
  return [send({ action: "create", body: "Den" }), expect(`created","room_id":"`, { as })];
}

/** Connects in the plain dialect and joins a room. */
export function joinPlain(roomId: string): string[] {
  return [
    OPEN,
    expect(`"client_id":"`, { as: "id" }),
    send({ action: "join", body: roomId }),
    expect(`"message":"Joined room`),
  ];
}
