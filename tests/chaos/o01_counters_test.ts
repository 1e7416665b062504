import { assertEquals } from "@std/assert";
import { createOps } from "../../src/ops/ops.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { bounded, until } from "../support/waiting.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const STEPS = setting(12, 300);
const PEOPLE = 12;
const ROOMS = 5;

/** Numbers by the names and labels of `/metrics`. */
type Tally = Map<string, number>;

function add(tally: Tally, name: string, by = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + by);
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** A client that counts all that it says and hears. */
class Counting {
  session: string | undefined;
  /** The `seq` and the epoch that it knows of each room. */
  readonly heads = new Map<string, { seq: number; epoch: unknown }>();
  n = 0;
  readonly #url: string;
  readonly #tally: Tally;
  readonly #entries: Tally;
  #socket: WebSocket | undefined;
  #ended = Promise.withResolvers<void>();
  #pongs = 0;
  #id: unknown;
  #hello = Promise.withResolvers<void>();

  constructor(url: string, tally: Tally, entries: Tally) {
    this.#url = url;
    this.#tally = tally;
    this.#entries = entries;
  }

  async connect(): Promise<void> {
    const socket = new WebSocket(this.#url, "parley.v1");
    this.#socket = socket;
    this.#ended = Promise.withResolvers();
    this.#hello = Promise.withResolvers();
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = () => this.#ended.resolve();
    await bounded(new Promise((opened) => socket.onopen = opened), () => "no connection");
    add(this.#tally, 'parley_connections_opened_total{protocol="v1"}');
    this.say({
      action: "hello",
      body: this.session === undefined ? {} : { session: this.session },
    });
    await bounded(this.#hello.promise, () => "no answer to hello");
  }

  say(frame: unknown): void {
    const text = typeof frame === "string" ? frame : JSON.stringify(frame);
    add(this.#tally, "parley_frames_received_total");
    add(this.#tally, "parley_received_bytes_total", bytesOf(text));
    const action = (frame as Frame).action;
    // Whatever cannot be read is no request.
    if (typeof action === "string" && action !== "fly") {
      add(this.#tally, `parley_requests_total{action="${action}"}`);
    }
    this.#socket!.send(text);
  }

  /** Waits until all is answered that it has said. */
  async settle(): Promise<void> {
    const before = this.#pongs;
    this.say({ action: "ping" });
    await until(() => this.#pongs > before, "no pong");
  }

  async close(code: number): Promise<void> {
    this.#socket!.close(code);
    add(this.#tally, `parley_connections_closed_total{code="${code}"}`);
    await bounded(this.#ended.promise, () => "no end of a connection");
  }

  #hear(text: string): void {
    add(this.#tally, "parley_frames_sent_total");
    add(this.#tally, "parley_sent_bytes_total", bytesOf(text));
    const frame: Frame = JSON.parse(text);
    if (frame.event === "pong") this.#pongs++;
    if (frame.status === "error") add(this.#tally, `parley_errors_total{code="${frame.code}"}`);
    if (frame.duplicate === true) add(this.#tally, "parley_repeats_total");
    if (frame.status === "connected") {
      if (this.session !== undefined) {
        const result = frame.resumed === true ? "resumed" : "unknown";
        add(this.#tally, `parley_resumes_total{result="${result}"}`);
      }
      this.session = String(frame.session);
      this.#id = frame.client_id;
      if (frame.resumed !== true) this.n = 0;
      this.#hello.resolve();
    }
    if (typeof frame.recovered === "boolean") {
      add(this.#tally, `parley_recoveries_total{recovered="${frame.recovered}"}`);
    }
    if (frame.event === "gap") {
      add(this.#tally, "parley_gaps_total");
      add(
        this.#tally,
        "parley_gap_entries_total",
        Number(frame.to_seq) - Number(frame.from_seq) + 1,
      );
    }
    if (typeof frame.epoch === "string") {
      this.heads.set(String(frame.room_id), { seq: Number(frame.seq), epoch: frame.epoch });
    }
    const entries = frame.entries as Frame[] | undefined;
    add(this.#tally, "parley_deliveries_total", entries?.length ?? 0);
    for (const { seq, event = "message", from, n } of entries ?? []) {
      if (event === "message" && from === this.#id) this.n = Math.max(this.n, Number(n));
      const known = this.heads.get(String(frame.room_id));
      if (known !== undefined) known.seq = Math.max(known.seq, Number(seq));
      this.#entries.set(`${frame.room_id} ${seq} ${event}`, 1);
    }
  }
}

/** The numbers that `/metrics` has, by name and labels; a histogram has none. */
async function readMetrics(chat: TestChat): Promise<Tally> {
  const ops = createOps(chat.chat, { version: "1", store: "memory" });
  const text = await (await ops(new Request("http://localhost/metrics"))).text();
  const lines = text.split("\n").filter((line) => /^[a-z]/.test(line));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

Deno.test("O1 the counters of a server are what its clients have counted", async () => {
  await using chat = new TestChat({ rate: 0, logEntries: 200, graceMs: 2_000 });
  const random = chance();
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const tally: Tally = new Map();
  const entries: Tally = new Map();
  const people = Array.from({ length: PEOPLE }, () => new Counting(chat.url, tally, entries));
  // The first stays, and is in all rooms: it sees every entry.
  const observer = people[0]!;
  await Promise.all(people.map((person) => person.connect()));
  for (let i = 0; i < ROOMS; i++) observer.say({ action: "create", body: `Room ${i}` });
  await observer.settle();
  const rooms = [...observer.heads.keys()];
  const settle = async () => {
    // What one says comes to the others before the second pong.
    for (let i = 0; i < 2; i++) await Promise.all(people.map((person) => person.settle()));
  };
  for (let step = 0; step < STEPS; step++) {
    for (const person of people) {
      const room_id = pick(rooms);
      const known = person.heads.get(room_id);
      const body = pick(["Hello", "Привет", "😀 \u{1f600}", "x".repeat(2_000)]);
      switch (Math.floor(random() * 9)) {
        case 0:
          person.say({ action: "join", body: { room_id, last: 3 } });
          break;
        case 1:
          person.say({
            action: "join",
            body: known === undefined
              ? { room_id }
              : { room_id, after: known.seq, epoch: random() < 0.8 ? known.epoch : "another" },
          });
          break;
        case 2:
          if (person !== observer) person.say({ action: "leave", body: { room_id } });
          break;
        case 3:
          person.say({ action: "typing", room_id });
          break;
        case 4:
          // A repeat, or one that skips a number.
          person.say({
            action: "message",
            room_id,
            n: Math.max(1, pick([person.n, person.n + 7])),
            body,
          });
          break;
        case 5:
          person.say(pick(["{", '{"action":"fly","body":1}', "[1]"]));
          break;
        default:
          person.say({ action: "message", room_id, n: person.n + 1, body });
      }
      await person.settle();
    }
    await settle();
    for (const person of people.slice(1)) {
      if (random() < 0.9) continue;
      // Nothing is on its way to it: what comes behind its close nobody could count.
      await person.close(pick([1000, 3000, 4321]));
      await person.connect();
      await settle();
    }
  }
  await settle();
  const found = await readMetrics(chat);
  for (const [key] of entries) {
    add(tally, `parley_entries_total{kind="${key.slice(key.lastIndexOf(" ") + 1)}"}`);
  }
  const names = new Set(
    [...tally.keys(), ...found.keys()].filter((name) => /^parley_\w+_total\b/.test(name)),
  );
  const different = [...names].filter((name) => (tally.get(name) ?? 0) !== (found.get(name) ?? 0))
    .map((name) => `${name}: ${found.get(name)}, counted ${tally.get(name)}`);
  report("O1", `${PEOPLE} people, ${STEPS} steps, v1`, {
    counters: names.size,
    frames: found.get("parley_frames_sent_total")!,
    bytes: found.get("parley_sent_bytes_total")!,
    different: different.length,
  }, different);
  assertEquals(different, [], `seed ${SEED}`);
});
