/**
 * Reads frames of clients: text in, a checked frame or a {@linkcode ChatError} out. Every string in
 * a frame is well-formed: a lone surrogate, which JSON can spell as an escape, becomes U+FFFD.
 *
 * @module
 */

import { readMessage } from "./decode_message.ts";
import { type ChatError, stacklessError } from "./errors.ts";
import {
  describe,
  isFields,
  optionalCount,
  optionalFields,
  optionalText,
  quote,
  type RawFields,
  remarkOf,
  requiredCount,
  requiredText,
} from "./fields.ts";
import {
  ACTIONS,
  type ClientFrame,
  type CreateFrame,
  type Dialect,
  type HelloFrame,
  type JoinFrame,
  MAX_FRAME_CHARS,
  MAX_ID_CHARS,
  MAX_LAST,
  PLAIN_ACTIONS,
  type Ref,
} from "./frames.ts";
import type { LinkFrame } from "./link_frames.ts";
import { isLinkId, MAX_LINK_CHARS, MAX_USES, readLink, termsOf } from "./links.ts";
import type { ModerationFrame } from "./moderation.ts";
import { readName } from "./names.ts";
import { type AuthFrame, MAX_TOKEN_CHARS, type RevokeFrame } from "./hello.ts";
import {
  type HistoryFrame,
  MAX_PAGE,
  MAX_SEARCH_CHARS,
  PAGE,
  type SearchFrame,
} from "./reading.ts";
import {
  type ChangedSettings,
  DEFAULT_ROLES,
  HISTORIES,
  JOINS,
  MAX_ROLE_MS,
  MAX_SLOW_MS,
  MAX_SUB_CHARS,
  ROLES,
} from "./roles.ts";

/** The deepest nesting of a longer text: parsing 390 KB of brackets takes 30 MB. */
const MAX_DEPTH = 64;
/** The most `[ { , :` outside of its strings: 31,000 small objects take 40 ms, 4,096 marks 1 ms. */
const MAX_JSON_TOKENS = 4_096;
const SIMPLE_CHARS = 4_096;
/** The latest time in seconds whose milliseconds are a whole number too. */
const MAX_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

/**
 * Reads one text frame of a client.
 *
 * @throws {ChatError} for anything that is not a well-formed frame; nothing else.
 */
export function decode(text: string, dialect: Dialect): ClientFrame {
  const refused = refusalOf(text);
  if (refused !== undefined) throw refused;
  const fields = dialect === "plain" ? plainFields(parseObject(text)) : parseObject(text);
  const ref = refOf(fields);
  const frame = readFrame(fields, dialect);
  if (ref !== undefined) frame.ref = ref;
  return frame;
}

/** The refusal of data that can never be a frame; undefined for data that may be one. */
export function refusalOf(data: unknown): ChatError | undefined {
  if (typeof data !== "string") {
    return stacklessError("invalid_frame", "Frames must be text, not binary");
  }
  if (data.length <= MAX_FRAME_CHARS) return undefined;
  return stacklessError(
    "too_large",
    `Frame is too large: ${data.length} characters, at most ${MAX_FRAME_CHARS} are read`,
  );
}

/**
 * Finds the `ref` and the `n` that an error reply to `text` repeats, so that the sender knows which
 * request failed; undefined where the text cannot be parsed. Only what is or may have been meant as
 * a message has an `n`. For frames that {@linkcode decode} refused: it never throws.
 */
export function replyTarget(text: string): { ref?: Ref; n?: number } | undefined {
  if (text.length > MAX_FRAME_CHARS) return undefined;
  const fields = objectIn(() => parseObject(text)) ?? objectIn(() => JSON.parse(flat(text)));
  if (fields === undefined) return undefined;
  const { action, n } = fields;
  const isMessage = action === "message" || action === "messages" || !isAction(action);
  const ref = asRef(fields.ref);
  return {
    ...(ref === undefined ? {} : { ref }),
    ...(isMessage && typeof n === "number" && Number.isSafeInteger(n) ? { n } : {}),
  };
}

function isAction(action: unknown): boolean {
  return ACTIONS.some((known) => known === action);
}

function objectIn(parse: () => unknown): RawFields | undefined {
  try {
    const value = parse();
    return isFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseObject(text: string): RawFields {
  if (text.length > SIMPLE_CHARS) checkStructure(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw stacklessError("invalid_json", `Invalid JSON: ${quote(text)}`);
  }
  if (!isFields(value)) {
    throw stacklessError("invalid_json", `Frame must be a JSON object, not ${describe(value)}`);
  }
  return value;
}

/** Refuses a text with too much structure before it is parsed. */
function checkStructure(text: string): void {
  let depth = 0;
  let marks = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case "[":
      case "{":
        depth++;
        marks++;
        break;
      case ",":
      case ":":
        marks++;
        break;
      case "]":
      case "}":
        depth--;
        break;
      case '"':
        i = endOfString(text, i);
    }
    if (depth > MAX_DEPTH) {
      throw stacklessError("invalid_json", `JSON must not nest deeper than ${MAX_DEPTH}`);
    }
    if (marks > MAX_JSON_TOKENS) {
      throw stacklessError(
        "invalid_json",
        `JSON must not have more than ${MAX_JSON_TOKENS} of [ { , :`,
      );
    }
  }
}

/** An object's text without long strings, and without what is in its lists and objects: they may be too much to parse. */
function flat(text: string): string {
  let kept = "";
  let depth = 0;
  for (let i = 0; i < text.length && kept.length <= SIMPLE_CHARS; i++) {
    const end = text[i] === '"' ? endOfString(text, i) : i;
    if (text[i] === "]" || text[i] === "}") depth--;
    if (depth <= 1) kept += end - i > SIMPLE_CHARS / 4 ? '""' : text.slice(i, end + 1);
    if (text[i] === "[" || text[i] === "{") depth++;
    i = end;
  }
  return kept;
}

/** The index of the quote that ends the string at `start`; the length of the text without one. */
function endOfString(text: string, start: number): number {
  for (let end = start; (end = text.indexOf('"', end + 1)) !== -1;) {
    let before = end;
    while (text[before - 1] === "\\") before--;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}

/** Picks the fields of the plain protocol; all others are ignored. */
function plainFields({ action, body }: RawFields): RawFields {
  if (typeof action !== "string" || !PLAIN_ACTIONS.has(action)) return {};
  if (action === "leave") return { action };
  if (action !== "join" || !isFields(body)) return { action, body };
  return { action, body: { room_id: body.room_id } };
}

function refOf(fields: RawFields): Ref | undefined {
  if (fields.ref === undefined) return undefined;
  const ref = asRef(fields.ref);
  if (ref !== undefined) return ref;
  throw stacklessError(
    "invalid_frame",
    `"ref" must be a number of at most ${Number.MAX_SAFE_INTEGER}, or a string of at most ` +
      `${MAX_ID_CHARS} characters, not ${describe(fields.ref)}`,
  );
}

/** The value as a `ref`; undefined where it is not one. */
function asRef(ref: unknown): Ref | undefined {
  // A client whose numbers are not doubles would get a larger one back changed.
  if (typeof ref === "number" && Math.abs(ref) <= Number.MAX_SAFE_INTEGER) return ref;
  if (typeof ref === "string" && ref.length <= MAX_ID_CHARS) return ref.toWellFormed();
  return undefined;
}

function readFrame(fields: RawFields, dialect: Dialect): ClientFrame {
  const action = fields.action;
  switch (action) {
    case "message":
    case "messages":
      return readMessage(action, fields, dialect);
    case "create":
      return createFrame(fields.body, dialect);
    case "join":
      return joinFrame(fields.body);
    case "leave": {
      if (dialect === "plain") return { action };
      const roomId = isFields(fields.body) ? fields.body.room_id : undefined;
      return { action, roomId: requiredText("room_id", roomId) };
    }
    case "history":
      return historyFrame(optionalFields(action, fields.body));
    case "search":
      return searchFrame(optionalFields(action, fields.body));
    case "rooms":
      return { action };
    case "read": {
      const { room_id, seq } = optionalFields(action, fields.body);
      return { action, roomId: requiredText("room_id", room_id), seq: requiredCount("seq", seq) };
    }
    case "typing":
      return { action, roomId: requiredText("room_id", fields.room_id) };
    case "rename":
      return { action, name: nameOf(fields.body) };
    case "ping":
    case "pong":
      return { action };
    case "pause": {
      const { for_ms } = optionalFields(action, fields.body);
      const forMs = optionalCount("for_ms", for_ms);
      return { action, ...(forMs === undefined ? {} : { forMs }) };
    }
    case "hello":
      return helloFrame(fields.body);
    case "kick":
    case "role":
    case "room":
    case "delete":
    case "link":
    case "unlink":
    case "links":
      return moderationFrame(action, optionalFields(action, fields.body));
    case "auth":
      return authFrame(fields.body);
    case "revoke":
      return revokeFrame(fields.body);
    default:
      throw stacklessError(
        "invalid_action",
        `Invalid action ${describe(action)}: must be one of ${ACTIONS.join(", ")}`,
      );
  }
}

function helloFrame(body: unknown): HelloFrame {
  const fields = optionalFields("hello", body);
  const session = optionalText("session", fields.session);
  const n = optionalCount("n", fields.n);
  const sent = optionalCount("sent", fields.sent);
  return {
    action: "hello",
    ...(n === undefined ? {} : { n }),
    ...(sent === undefined ? {} : { sent }),
    ...(fields.name === undefined ? {} : { name: nameOf(fields.name) }),
    ...(session === undefined ? {} : { session }),
    ...(fields.token === undefined ? {} : { token: tokenOf(fields.token) }),
  };
}

function authFrame(body: unknown): AuthFrame {
  return { action: "auth", token: tokenOf(optionalFields("auth", body).token) };
}

function revokeFrame(body: unknown): RevokeFrame {
  const fields = optionalFields("revoke", body);
  const issuedBefore = optionalCount("issued_before", fields.issued_before, 0, MAX_SECONDS);
  const sub = requiredText("sub", fields.sub, MAX_SUB_CHARS);
  return { action: "revoke", sub, ...(issuedBefore === undefined ? {} : { issuedBefore }) };
}

/** Reads a token. It is a secret: no part of it is shown. */
function tokenOf(token: unknown): string {
  if (typeof token === "string" && token !== "" && token.length <= MAX_TOKEN_CHARS) {
    return token.toWellFormed();
  }
  const found = typeof token === "string" ? `${token.length} of them` : describe(token);
  throw stacklessError(
    "invalid_frame",
    `"token" must be a string of 1 to ${MAX_TOKEN_CHARS} characters, not ${found}`,
  );
}

function createFrame(body: unknown, dialect: Dialect): CreateFrame {
  const { room_name, room_id } = isFields(body) ? body : { room_name: body };
  const roomId = dialect === "plain" ? undefined : optionalText("room_id", room_id);
  return { action: "create", name: nameOf(room_name), ...(roomId === undefined ? {} : { roomId }) };
}

function joinFrame(body: unknown): JoinFrame {
  const fields = isFields(body) ? body : { room_id: body };
  const epoch = optionalText("epoch", fields.epoch);
  const after = optionalCount("after", fields.after);
  const last = optionalCount("last", fields.last, 0, MAX_LAST);
  // Not checked as a name: an earlier server may have allowed the one that the room has.
  const roomName = optionalText("room_name", fields.room_name);
  const roomToken = optionalText("room_token", fields.room_token);
  const { link } = fields;
  return {
    action: "join",
    roomId: requiredText("room_id", fields.room_id),
    ...(epoch === undefined ? {} : { epoch }),
    ...(after === undefined ? {} : { after }),
    ...(last === undefined ? {} : { last }),
    ...(roomName === undefined ? {} : { roomName }),
    ...(roomToken === undefined ? {} : { roomToken }),
    ...(link === undefined ? {} : { link: linkOf(link) }),
  };
}

/** Reads a link. It is a secret: no part of it is shown. */
function linkOf(link: unknown): string {
  if (typeof link !== "string") {
    throw stacklessError("invalid_frame", `"link" must be a string, not ${describe(link)}`);
  }
  const read = readLink(link);
  if (read !== undefined && termsOf(read) !== undefined) return link;
  throw stacklessError("link_invalid", `"link" is no link, with its ${link.length} characters`);
}

function moderationFrame(
  action: ModerationFrame["action"],
  fields: RawFields,
): ModerationFrame {
  const roomId = requiredText("room_id", fields.room_id);
  if (action === "delete") return { action, roomId };
  if (action === "room") return { action, roomId, settings: settingsOf(fields) };
  if (action === "links") return { action, roomId };
  if (action === "unlink") return { action, roomId, id: linkIdOf(fields.id) };
  if (action === "link") return linkFrame(roomId, fields);
  const to = requiredText("to", fields.to, MAX_SUB_CHARS);
  const reason = fields.reason === undefined ? {} : { reason: remarkOf("reason", fields.reason) };
  if (action === "kick") return { action, roomId, to, ...reason };
  const role = choiceOf("role", fields.role, ROLES);
  const forMs = optionalCount("for_ms", fields.for_ms, 1, MAX_ROLE_MS);
  return { action, roomId, to, role, ...(forMs === undefined ? {} : { forMs }), ...reason };
}

/** Reads the id of a link: a charter keeps it. */
function linkIdOf(value: unknown): string {
  const id = requiredText("id", value, MAX_LINK_CHARS);
  if (isLinkId(id)) return id;
  throw stacklessError("invalid_frame", `"id" must be that of a link, not ${describe(id)}`);
}

function linkFrame(roomId: string, fields: RawFields): LinkFrame {
  const role = choiceOf("role", fields.role, ROLES.slice(1));
  const forMs = optionalCount("for_ms", fields.for_ms, 1, MAX_ROLE_MS);
  const uses = optionalCount("uses", fields.uses, 1, MAX_USES);
  const to = fields.to === undefined ? undefined : requiredText("to", fields.to, MAX_SUB_CHARS);
  return {
    ...{ action: "link", roomId, role },
    ...(forMs === undefined ? {} : { forMs }),
    ...(uses === undefined ? {} : { uses }),
    ...(to === undefined ? {} : { to }),
  };
}

function settingsOf(fields: RawFields): ChangedSettings {
  const settings: ChangedSettings = {
    ...(fields.join !== undefined && { join: choiceOf("join", fields.join, JOINS) }),
    ...(fields.default !== undefined &&
      { default: choiceOf("default", fields.default, DEFAULT_ROLES) }),
    ...(fields.history !== undefined &&
      { history: choiceOf("history", fields.history, HISTORIES) }),
    ...(fields.topic !== undefined && { topic: remarkOf("topic", fields.topic) }),
  };
  const slow_ms = optionalCount("slow_ms", fields.slow_ms, 0, MAX_SLOW_MS);
  return slow_ms === undefined ? settings : { ...settings, slow_ms };
}

function choiceOf<Choice extends string>(
  field: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((choice) => choice === value);
  if (choice !== undefined) return choice;
  throw stacklessError(
    "invalid_frame",
    `"${field}" must be one of ${choices.join(", ")}, not ${describe(value)}`,
  );
}

/** The places that a page can have; a request names one of them or none. */
const PLACES = ["before", "after", "around"] as const;

function historyFrame(fields: RawFields): HistoryFrame {
  const named = PLACES.filter((place) => fields[place] !== undefined);
  if (named.length > 1) {
    throw stacklessError("invalid_frame", `A page has one place, not ${named.join(" and ")}`);
  }
  const [place] = named;
  return {
    action: "history",
    roomId: requiredText("room_id", fields.room_id),
    limit: optionalCount("limit", fields.limit, 1, MAX_PAGE) ?? PAGE,
    ...(place && { [place]: optionalCount(place, fields[place]) }),
  };
}

function searchFrame(fields: RawFields): SearchFrame {
  const before = optionalCount("before", fields.before);
  return {
    action: "search",
    roomId: requiredText("room_id", fields.room_id),
    text: requiredText("text", fields.text, MAX_SEARCH_CHARS),
    limit: optionalCount("limit", fields.limit, 1, MAX_PAGE) ?? PAGE,
    ...(before === undefined ? {} : { before }),
  };
}

function nameOf(name: unknown): string {
  if (typeof name === "string") return readName(name);
  throw stacklessError("invalid_frame", `A name must be a string, not ${describe(name)}`);
}
