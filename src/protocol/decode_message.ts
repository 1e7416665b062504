/**
 * Reads what clients say in rooms: texts, values for programs, answers, and changes of messages.
 *
 * @module
 */

import { stacklessError } from "./errors.ts";
import {
  describe,
  optionalCount,
  type RawFields,
  remarkOf,
  requiredCount,
  requiredText,
} from "./fields.ts";
import {
  type ChangeParts,
  type Dialect,
  MAX_BATCH,
  MAX_BODY_BYTES,
  MAX_BODY_JSON_BYTES,
  MAX_DATA_DEPTH,
  MAX_REACTION_BYTES,
  type MessageFrame,
  type MessageParts,
} from "./frames.ts";
import { utf8Bytes, wellFormedJson } from "./utf8.ts";

/**
 * Reads the fields of `message` and `messages`.
 *
 * @throws {ChatError} where they are none.
 */
export function readMessage(
  action: MessageFrame["action"],
  fields: RawFields,
  dialect: Dialect,
): MessageFrame {
  if (action === "messages") return messageFrame(action, fields, bodiesOf(fields.body), dialect);
  if (isText(fields)) return messageFrame(action, fields, [bodyOf(fields.body)], dialect);
  const isChange = CHANGES.some((kind) => fields[kind] !== undefined);
  return isChange || fields.reason !== undefined ? changeFrame(fields) : messageInParts(fields);
}

/** Says whether a message is a text and nothing else. */
function isText({ data, re, edit, redact, reason, react, unreact }: RawFields): boolean {
  return data === undefined && re === undefined && edit === undefined && redact === undefined &&
    reason === undefined && react === undefined && unreact === undefined;
}

/** The kinds of changes of a message; a frame that is one has nothing of the others, nor a body. */
const CHANGES = ["edit", "redact", "react", "unreact"] as const;

/** Reads a change of an older message; plain clients say none. */
function changeFrame(fields: RawFields): MessageFrame {
  const kinds = [...CHANGES, "body", "data"].filter((kind) => fields[kind] !== undefined);
  if (kinds.length > 1) {
    throw stacklessError("invalid_frame", `A message is one of these only: ${kinds.join(", ")}`);
  }
  const { edit, redact, reason, react, unreact } = fields;
  if (redact !== undefined && redact !== true) {
    throw stacklessError("invalid_frame", `"redact" must be true, not ${describe(redact)}`);
  }
  if (reason !== undefined && redact === undefined) {
    throw stacklessError("invalid_frame", `"reason" belongs to "redact"`);
  }
  const change: ChangeParts = {
    re: requiredCount("re", fields.re, 1),
    ...(edit === undefined ? {} : { edit: bodyOf(edit, "edit") }),
    ...(redact === undefined ? {} : { redact }),
    ...(reason === undefined ? {} : { reason: remarkOf("reason", reason) }),
    ...(react === undefined ? {} : { react: reactionOf("react", react) }),
    ...(unreact === undefined ? {} : { unreact: reactionOf("unreact", unreact) }),
  };
  return { ...messageFrame("message", fields, [], "v1"), change };
}

function reactionOf(field: string, reaction: unknown): string {
  if (typeof reaction !== "string" || reaction.trim() === "") {
    throw stacklessError(
      "invalid_frame",
      `"${field}" must be a string that is not blank, not ${describe(reaction)}`,
    );
  }
  const text = reaction.toWellFormed();
  const bytes = utf8Bytes(text);
  if (bytes <= MAX_REACTION_BYTES) return text;
  throw stacklessError(
    "too_large",
    `Reaction is too large: ${bytes} bytes, at most ${MAX_REACTION_BYTES} are allowed`,
  );
}

/** Reads a message with more than a text; plain clients say none. */
function messageInParts(fields: RawFields): MessageFrame {
  const { body, data } = fields;
  const re = optionalCount("re", fields.re, 1);
  const text = body === undefined && data !== undefined ? "" : bodyOf(body);
  const parts: MessageParts = {
    ...(data === undefined ? {} : { data: dataOf(data, utf8Bytes(text)) }),
    ...(re === undefined ? {} : { re }),
  };
  return { ...messageFrame("message", fields, [text], "v1"), parts };
}

/** Writes the `data` of a message whose text has `bodyBytes`. */
function dataOf(data: unknown, bodyBytes: number): string {
  if (depthOf(data, MAX_DATA_DEPTH + 1) > MAX_DATA_DEPTH) {
    throw stacklessError("too_deep", `"data" must not nest deeper than ${MAX_DATA_DEPTH}`);
  }
  const json = wellFormedJson(JSON.stringify(data));
  checkSize(" with its data", bodyBytes + utf8Bytes(json), MAX_BODY_BYTES);
  return json;
}

/** The depth of a value; that of what is deeper than `most` is not counted to its end. */
function depthOf(value: unknown, most: number): number {
  if (typeof value !== "object" || value === null || most === 0) return 0;
  let depth = 0;
  for (const part of Object.values(value)) depth = Math.max(depth, depthOf(part, most - 1));
  return 1 + depth;
}

function bodiesOf(body: unknown): string[] {
  if (!Array.isArray(body) || body.length === 0 || body.length > MAX_BATCH) {
    const found = Array.isArray(body) ? `${body.length} of them` : describe(body);
    throw stacklessError(
      "invalid_frame",
      `"body" of messages must be a list of 1 to ${MAX_BATCH} strings, not ${found}`,
    );
  }
  return body.map((one) => bodyOf(one));
}

function bodyOf(body: unknown, field = "body"): string {
  if (typeof body !== "string") {
    throw stacklessError(
      "invalid_frame",
      `"${field}" of a message must be a string, not ${describe(body)}`,
    );
  }
  const text = body.toWellFormed();
  // A UTF-16 unit is at most three bytes of UTF-8, and six of JSON: short bodies need no count.
  if (text.length * 3 > MAX_BODY_BYTES) checkSize("", utf8Bytes(text), MAX_BODY_BYTES);
  if (text.length * 6 > MAX_BODY_JSON_BYTES) {
    checkSize(" of JSON", utf8Bytes(JSON.stringify(text)) - 2, MAX_BODY_JSON_BYTES);
  }
  return text;
}

function checkSize(kind: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw stacklessError(
    "too_large",
    `Message is too large: ${bytes} bytes${kind}, at most ${most} are allowed`,
  );
}

function messageFrame(
  action: MessageFrame["action"],
  fields: RawFields,
  bodies: string[],
  dialect: Dialect,
): MessageFrame {
  const frame: MessageFrame = { action, bodies };
  const n = optionalCount("n", fields.n, 1);
  if (dialect === "v1") frame.roomId = requiredText("room_id", fields.room_id);
  if (n !== undefined) frame.n = n;
  return frame;
}
