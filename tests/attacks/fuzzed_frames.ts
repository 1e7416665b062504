/**
 * Frames that nobody should send, and some that anybody may, drawn by chance.
 *
 * @module
 */

import {
  ACTIONS,
  MAX_BATCH,
  MAX_BODY_BYTES,
  MAX_FRAME_CHARS,
  MAX_LAST,
  MAX_NAME_BYTES,
} from "../../src/protocol/frames.ts";

/** Numbers in [0, 1). */
type Chance = () => number;

const LASTING_ACTIONS = ACTIONS.filter((action) => action !== "pause");

const PROTOTYPE_WORDS = [
  ...["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty"],
  ...["__defineGetter__", "toJSON", "then", "length", "name"],
];
const FIELDS = [
  ...["action", "body", "room_id", "ref", "n", "name", "session", "room_name", "after", "last"],
  ...["epoch", "for_ms", "status", "event", "seq", "from", "code", ...PROTOTYPE_WORDS],
];
/** Numbers as JSON spells them. */
const NUMBERS = [
  ...["0", "-0", "1", "-1", "2", "7", "1.5", "4.0", "1e2", "1E+2", "1e-7", "0.1", "-1e-400"],
  ...["9007199254740991", "9007199254740992", "-9007199254740993", "18446744073709551616"],
  ...["1e308", "1e309", "-1e400", "1e-400", "123456789012345678901234567890"],
];
/** Texts that stand for a value and are none. */
const NO_JSON = ["NaN", "Infinity", "-Infinity", "undefined", "01", "+1", ".5", "1.", "'x'", "tru"];
/** Parts of texts, as they stand between quotation marks. */
const TEXT_PARTS = [
  ...["a", "Ana", " ", "€", "😀", "e\u0301", "\u200b", "\u202e", "\u2028", "\u2029", "\ufeff"],
  ...["\\u0000", "\\u0001", "\\u001f", "\\u007f", "\\u0085", "\\n", "\\r\\n", "\\t", "\\b", "\\\\"],
  ...['\\"', "\\/", "\\ud800", "\\udfff", "\\ud83d\\ude00", "\\ude00\\ud83d", "\\ufffe", "\\uffff"],
  ...["\uffff", "\ud83d", "<script>", "\u0007", "\\u2028", "{{", "]}", ...PROTOTYPE_WORDS],
];

function pick<T>(chance: Chance, from: readonly T[]): T {
  return from[Math.floor(chance() * from.length)]!;
}

function below(chance: Chance, most: number): number {
  return Math.floor(chance() * most);
}

function times(count: number, make: () => string): string[] {
  return Array.from({ length: count }, make);
}

function text(chance: Chance): string {
  return `"${times(below(chance, 6), () => pick(chance, TEXT_PARTS)).join("")}"`;
}

/** Any value, not deep. */
function value(chance: Chance, depth = 3): string {
  const kind = below(chance, depth === 0 ? 5 : 8);
  if (kind < 2) return text(chance);
  if (kind === 2) return pick(chance, NUMBERS);
  if (kind === 3) return pick(chance, ["null", "true", "false", '""', "[]", "{}"]);
  if (kind === 4) return chance() < 0.1 ? pick(chance, NO_JSON) : pick(chance, NUMBERS);
  const inner = () => value(chance, depth - 1);
  if (kind === 5) return `[${times(below(chance, 5), inner)}]`;
  return object(times(below(chance, 5), () => `"${pick(chance, FIELDS)}":${inner()}`));
}

function object(fields: readonly string[]): string {
  return `{${fields.join(",")}}`;
}

/** Makes frames for members of a few rooms; the same ones from the same chance. */
export class FuzzedFrames {
  readonly #chance: Chance;
  readonly #rooms: readonly string[];

  constructor(chance: Chance, rooms: readonly string[]) {
    this.#chance = chance;
    this.#rooms = rooms;
  }

  /** The next frame: text, or what is to go as a binary one. */
  next(): string | Uint8Array<ArrayBuffer> {
    const chance = this.#chance;
    const kind = chance();
    if (kind < 0.35) return this.#request(0);
    if (kind < 0.75) return this.#request(1 + below(chance, 3));
    if (kind < 0.85) return this.#damaged(this.#request(below(chance, 2)));
    if (kind < 0.95) return value(chance);
    if (kind < 0.96) {
      return Uint8Array.from(times(below(chance, 20), () => "")).map(() => 255 * chance());
    }
    if (kind < 0.999) return this.#deep(below(chance, 100));
    return this.#large();
  }

  /** A request of a known kind, with so many of its fields other than they should be. */
  #request(wrong: number): string {
    const chance = this.#chance;
    // A pause ends the connection, and what is said behind it is not heard.
    const action = chance() < 0.0003 ? "pause" : pick(chance, LASTING_ACTIONS);
    const fields: [string, string][] = [
      ["action", JSON.stringify(action)],
      ["body", this.#body(action)],
      ["room_id", this.#room()],
    ];
    if (chance() < 0.3) fields.push(["ref", chance() < 0.5 ? text(chance) : pick(chance, NUMBERS)]);
    if (chance() < 0.1) fields.push(["n", pick(chance, NUMBERS)]);
    for (let i = 0; i < wrong; i++) {
      const field = fields[below(chance, fields.length)]!;
      const what = below(chance, 4);
      if (what === 0) field[0] = pick(chance, FIELDS);
      else if (what === 1) field[1] = value(chance);
      // The same field once more.
      else if (what === 2) fields.push([field[0], value(chance)]);
      else fields.push([pick(chance, FIELDS), value(chance)]);
    }
    return object(fields.map(([name, given]) => `"${name}":${given}`));
  }

  #body(action: typeof ACTIONS[number]): string {
    const chance = this.#chance;
    switch (action) {
      case "messages":
        return `[${times(1 + below(chance, 4), () => text(chance))}]`;
      case "join":
        return chance() < 0.4 ? this.#room() : object([
          `"room_id":${this.#room()}`,
          `"last":${below(chance, 20)}`,
          ...(chance() < 0.3 ? [`"after":${below(chance, 50)}`, `"epoch":${text(chance)}`] : []),
        ]);
      case "leave":
        return object([`"room_id":${this.#room()}`]);
      case "hello":
        return object([`"name":${text(chance)}`]);
      case "pause":
        return object([`"for_ms":${pick(chance, NUMBERS)}`]);
      default:
        return text(chance);
    }
  }

  #room(): string {
    const chance = this.#chance;
    return chance() < 0.8 ? `"${pick(chance, this.#rooms)}"` : text(chance);
  }

  /** A frame with some of its characters gone, doubled or replaced. */
  #damaged(frame: string): string {
    const chance = this.#chance;
    let damaged = frame;
    for (let i = 0; i <= below(chance, 3); i++) {
      const at = below(chance, damaged.length);
      const put = pick(chance, [
        "",
        "",
        '"',
        "\\",
        "{",
        "]",
        ",",
        "\u0000",
        "\ud800",
        damaged[at]!,
      ]);
      damaged = damaged.slice(0, at) + put + damaged.slice(at + below(chance, 2));
    }
    return damaged;
  }

  /** Lists or objects in each other, closed or not. */
  #deep(depth: number): string {
    const chance = this.#chance;
    const levels = chance() < 0.02 ? 10_000 : depth;
    const [open, close] = chance() < 0.5 ? ["[", "]"] : [`{"${pick(chance, FIELDS)}":`, "}"];
    const inner = open.repeat(levels) + value(chance) + close.repeat(below(chance, 2) * levels);
    return chance() < 0.5 ? inner : `{"action":"message","body":${inner}}`;
  }

  /** Makes something as large as anything may be, or a little smaller or larger. */
  #large(): string {
    const chance = this.#chance;
    const near = (most: number) => Math.max(0, most - 1 + below(chance, 3));
    const room = this.#room();
    const letter = pick(chance, ["x", "€", "😀", "\\u0001", "\\ud800"]);
    const message = (body: string) => `{"action":"message","room_id":${room},"body":${body}}`;
    switch (below(chance, 5)) {
      case 0:
        return message(`"${letter.repeat(near(Math.ceil(MAX_BODY_BYTES / sizeOf(letter))))}"`);
      case 1:
        return `{"action":"messages","room_id":${room},"body":[${
          times(near(MAX_BATCH), () => `"${letter}"`)
        }]}`;
      case 2:
        return `{"action":"rename","body":"${
          letter.repeat(near(Math.ceil(MAX_NAME_BYTES / sizeOf(letter))))
        }"}`;
      case 3:
        return `{"action":"join","body":{"room_id":${room},"last":${near(MAX_LAST)}}}`;
      default: {
        const frame = `{"action":"ping","pad":""}`;
        return frame.replace(`""`, `"${"x".repeat(near(MAX_FRAME_CHARS - frame.length))}"`);
      }
    }
  }
}

function sizeOf(letter: string): number {
  return new TextEncoder().encode(JSON.parse(`"${letter}"`)).length;
}
