import { assertEquals } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { bounded, pause, until } from "../support/waiting.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const OPERATIONS = setting(400, 10_000);
const PEOPLE = 8;
/** The raw sockets of these tests answer no heartbeat. */
const OPTIONS = { rate: 0, logEntries: 1_000, heartbeatMs: 3_600_000 };

/** The time after which something is asked again, in milliseconds, where the store is not reached. */
const AGAIN_MS = 100;

const ROLES = ["none", "reader", "member", "moderator", "owner"];
const rank = (role: string) => ROLES.indexOf(role);

/** The room as the page says that it is, written down a second time and in other words. */
class Model {
  readonly named = new Map<string, string>();
  readonly members = new Set<string>();
  join = "open";
  default = "member";
  topic = "";

  roleOf(who: string): string {
    return this.named.get(who) ?? this.default;
  }

  /** The code with which a join is refused. */
  joins(who: string): string | undefined {
    if (this.roleOf(who) === "none") return "room_not_found";
    const mayCome = this.join === "open" || this.members.has(who) || this.named.has(who);
    if (!mayCome) return "room_not_found";
    this.members.add(who);
    return undefined;
  }

  says(who: string): string | undefined {
    if (!this.members.has(who)) return "not_in_room";
    return rank(this.roleOf(who)) < rank("member") ? "forbidden" : undefined;
  }

  kicks(who: string, to: string): string | undefined {
    const refused = this.#moderates(who);
    if (refused !== undefined) return refused;
    if (rank(this.roleOf(who)) <= rank(this.roleOf(to))) return "forbidden";
    this.members.delete(to);
    return undefined;
  }

  gives(who: string, to: string, role: string): string | undefined {
    const refused = this.#moderates(who);
    if (refused !== undefined) return refused;
    const [own, other] = [this.roleOf(who), this.roleOf(to)];
    if (who === to) {
      const owners = [...this.named.values()].filter((role) => role === "owner").length;
      if (rank(role) >= rank(own) || own === "owner" && owners === 1) return "forbidden";
    } else {
      if (rank(own) <= rank(other)) return "forbidden";
      if (own === "moderator" && rank(role) > rank("member")) return "forbidden";
    }
    this.named.set(to, role);
    if (role === "none") this.members.delete(to);
    return undefined;
  }

  sets(who: string, settings: { [name: string]: string }): string | undefined {
    const refused = this.#moderates(who);
    if (refused !== undefined) return refused;
    if (settings.default !== undefined && this.roleOf(who) !== "owner") return "forbidden";
    Object.assign(this, settings);
    return undefined;
  }

  #moderates(who: string): string | undefined {
    if (!this.members.has(who)) return "not_in_room";
    return rank(this.roleOf(who)) < rank("moderator") ? "forbidden" : undefined;
  }
}

/** Somebody who only reads, and says who is in the room. */
class Watcher {
  readonly members: Set<string>;
  readonly said: string[] = [];
  #moved = Promise.withResolvers<void>();
  #last = 0;

  constructor(socket: RawSocket, joined: Frame) {
    this.members = new Set((joined.members as { client_id: string }[]).map((m) => m.client_id));
    this.#read(socket);
  }

  /** Waits until it has seen `seq`, and exactly these are in the room. */
  async sees(seq: number, members: ReadonlySet<string>): Promise<void> {
    const isThere = () =>
      this.#last >= seq && [...members].every((id) => this.members.has(id)) &&
      this.members.size === members.size;
    while (!isThere()) {
      await bounded(
        this.#moved.promise,
        () =>
          `a watcher is at ${this.#last}, not at ${seq}, with ${[...this.members]}, not ${[
            ...members,
          ]}`,
      );
    }
  }

  async #read(socket: RawSocket): Promise<void> {
    for (;;) {
      const frame = await socket.next().catch(() => undefined);
      if (frame === undefined) return;
      for (const entry of (frame.entries ?? []) as Entry[]) {
        this.#last = entry.seq;
        if ("body" in entry) this.said.push(entry.from);
        else if ("event" in entry) {
          if (entry.event === "join" || entry.event === "back") this.members.add(entry.from);
          if (entry.event === "leave") this.members.delete(entry.from);
        }
      }
      this.#moved.resolve();
      this.#moved = Promise.withResolvers();
    }
  }
}

/** Somebody of the story. */
class Actor {
  readonly socket: RawSocket;
  n = 0;

  constructor(socket: RawSocket) {
    this.socket = socket;
  }

  get id(): string {
    return this.socket.id;
  }

  /** Asks until the store can be reached. */
  async ask(action: string, body: unknown): Promise<Frame> {
    for (;;) {
      this.socket.send({ action, body, ref: "asked" });
      const answer = await this.socket.until(({ ref }) => ref === "asked");
      if (answer.code !== "unavailable") return answer;
      await pause(AGAIN_MS);
    }
  }

  /** Says something until it is stored or refused; returns the code of the refusal, or its `seq`. */
  async say(room_id: string): Promise<string | number> {
    for (;;) {
      const told = await this.#say(room_id, this.n + 1);
      if (typeof told === "number") this.n++;
      if (told !== "unavailable") return told;
      await pause(AGAIN_MS);
    }
  }

  async #say(room_id: string, n: number): Promise<string | number> {
    this.socket.send({ action: "message", room_id, n, body: "x" });
    for (;;) {
      const frame = await this.socket.next();
      if (frame.n === n) return frame.status === "error" ? String(frame.code) : Number(frame.seq);
      for (const entry of (frame.entries ?? []) as Entry[]) {
        if ("n" in entry && entry.from === this.id && entry.n === n) return entry.seq;
      }
    }
  }
}

/** Says hello until the store can be reached. */
async function comesBack(chat: TestChat, hello: Parameters<TestChat["v1"]>[0]): Promise<RawSocket> {
  for (;;) {
    const socket = await chat.v1(hello);
    if (socket.welcome.code !== "unavailable") return socket;
    await socket.close();
    await pause(AGAIN_MS);
  }
}

/** Does things at random, each as the page says that it comes out; returns the room. */
async function play(
  what: string,
  nodes: readonly TestChat[],
  reopened: () => Promise<TestChat>,
): Promise<void> {
  const random = chance(SEED);
  const pick = <T>(choices: readonly T[]) => choices[Math.floor(random() * choices.length)]!;
  const nodeOf = (i: number) => nodes[i % nodes.length]!;
  const { host, roomId } = await nodeOf(0).host1();
  const people = [new Actor(host)];
  for (let i = 1; i < PEOPLE; i++) people.push(new Actor(await nodeOf(i).v1()));
  const model = new Model();
  const owner = people[0]!.id;
  model.named.set(owner, "owner");
  model.members.add(owner);
  const watchers: Watcher[] = [];
  const watching: RawSocket[] = [];
  for (const node of nodes) {
    const socket = await node.v1();
    let joined: Frame = {};
    await until(async () => {
      socket.send({ action: "join", body: { room_id: roomId }, ref: "watch" });
      joined = await socket.until(({ ref }) => ref === "watch");
      return joined.status === "success";
    }, "a watcher is not let in");
    watching.push(socket);
    model.members.add(socket.id);
    watchers.push(new Watcher(socket, joined));
  }
  const counts: Record<string, number> = {};
  let violations = 0;
  let said = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    const who = pick(people);
    const to = pick(people).id;
    const action = pick([
      "join",
      "join",
      "leave",
      "say",
      "say",
      "kick",
      "role",
      "role",
      "role",
      "room",
    ]);
    let expected: string | undefined;
    let answer: Frame = {};
    if (action === "say") {
      expected = model.says(who.id);
      const told = await who.say(roomId);
      answer = typeof told === "number" ? { seq: told } : { code: told };
      if (typeof told === "number") said++;
    } else if (action === "join") {
      expected = model.joins(who.id);
      answer = await who.ask("join", { room_id: roomId });
      // Its entry follows: the watchers see it by who is there.
      delete answer.seq;
      if (expected === undefined && (answer.you as Frame)?.role !== model.roleOf(who.id)) {
        violations++;
      }
    } else if (action === "leave") {
      expected = model.members.delete(who.id) ? undefined : "not_in_room";
      answer = await who.ask("leave", { room_id: roomId });
    } else if (action === "kick") {
      expected = model.kicks(who.id, to);
      answer = await who.ask("kick", { room_id: roomId, to });
    } else if (action === "role") {
      const role = pick(ROLES);
      expected = model.gives(who.id, to, role);
      answer = await who.ask("role", { room_id: roomId, to, role });
    } else {
      const settings = pick([
        { join: pick(["open", "open", "link", "closed"]) },
        { default: pick(["member", "member", "reader"]) },
        { topic: `${i}` },
        { topic: `${i}`, default: "member" },
      ]) as { [name: string]: string };
      expected = model.sets(who.id, settings);
      answer = await who.ask("room", { room_id: roomId, ...settings });
    }
    // Who is told of a room that does not exist was never in it.
    if (answer.code !== expected) {
      violations++;
      // deno-lint-ignore no-console -- this is what has to be looked into
      console.log(
        `${what}, seed ${SEED}, ${i}: ${action} of ${who.id} (${model.roleOf(who.id)})`,
        expected,
        answer,
      );
    }
    const key = expected === undefined ? "done" : "refused";
    counts[key] = (counts[key] ?? 0) + 1;
    for (const watcher of watchers) await watcher.sees(Number(answer.seq ?? 0), model.members);
  }
  let drift = 0;
  const judge = async (socket: RawSocket) => {
    let told: Frame[] = [];
    let joined: Frame = {};
    await until(async () => {
      told = [];
      socket.send({ action: "join", body: { room_id: roomId }, ref: "last" });
      joined = await socket.until((frame) => {
        if (frame.event === "roles") told.push(...frame.roles as Frame[]);
        return frame.ref === "last";
      });
      return joined.code !== "unavailable";
    }, "an owner is not let in");
    const roles = Object.fromEntries(
      [...told, ...(joined.roles ?? []) as Frame[]].map((role) => [role.to, role.role]),
    );
    const wanted = Object.fromEntries(model.named);
    const settings = { join: "open", default: "member", topic: "", ...joined.settings as object };
    const isSame = JSON.stringify(Object.entries(roles).sort()) ===
        JSON.stringify(Object.entries(wanted).sort()) &&
      JSON.stringify(settings) ===
        JSON.stringify({ join: model.join, default: model.default, topic: model.topic });
    if (!isSame) drift++;
  };
  const owners = people.filter(({ id }) => model.roleOf(id) === "owner");
  const hellos = owners.map(({ socket, n }) => {
    return { session: String(socket.welcome.session), n, sent: n };
  });
  for (const { socket } of owners) await judge(socket);
  drift += watchers.filter((watcher) => watcher.said.length !== said).length;
  for (const { socket } of people) await socket.close();
  for (const socket of watching) await socket.close();
  const later = await reopened();
  for (const hello of hellos) {
    await using socket = await comesBack(later, hello);
    assertEquals(socket.welcome.resumed, true, JSON.stringify(socket.welcome));
    await judge(socket);
  }
  report("A1", `random operations of ${PEOPLE} people of all roles, ${what}`, {
    operations: OPERATIONS,
    ...counts,
    violations,
    drift,
  });
  assertEquals([violations, drift], [0, 0]);
}

Deno.test("A1 everybody may do what its role says, and nothing else, on one node in memory", async () => {
  await using chat = new TestChat(OPTIONS);
  await play("one node, memory", [chat], () => Promise.resolve(chat));
});

const folder = tempFolder();

Deno.test("A1 everybody may do what its role says, and nothing else, on one node with SQLite", async () => {
  const options = { ...OPTIONS, store: sqlite(`${folder}/roles.db`) };
  const chat = new TestChat(options);
  await using later = new AsyncDisposableStack();
  later.use(chat);
  await play("one node, SQLite, begun again", [chat], async () => {
    await chat[Symbol.asyncDispose]();
    return later.use(new TestChat(options));
  });
});

Deno.test({
  name: "A1 everybody may do what its role says, and nothing else, on three nodes over NATS",
  ...NEEDS_NATS,
  fn: async () => {
    await using nats = await NatsServer.start();
    const cluster = { hosts: nats.host, name: "roles" };
    await using a = await workingNode(cluster, OPTIONS);
    await using b = await workingNode(cluster, OPTIONS);
    await using c = await workingNode(cluster, OPTIONS);
    await using later = new AsyncDisposableStack();
    await play(
      "three nodes, NATS, and a fourth that comes later",
      [a, b, c],
      async () => later.use(await workingNode(cluster, OPTIONS)),
    );
  },
});
