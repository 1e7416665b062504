import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { pause, until } from "../support/waiting.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const MESSAGES = setting(300, 10_000);
const TIMES = 3;
const KILLS = setting(1, 10);
const AT_ONCE = 32;
const TOKEN = "known_to_whoever_publishes_in_this_test";

/** A node that may be killed, and comes again. */
class Node implements AsyncDisposable {
  readonly #args: string[];
  #server: ServerProcess | undefined;
  #url = "";

  constructor(args: string[]) {
    this.#args = args;
  }

  async up(): Promise<void> {
    const server = await ServerProcess.start({
      args: [...this.#args, "--ops", "127.0.0.1:0", "--log-level", "debug"],
      env: { CHAT_SECRET: "known to the two nodes of this test" },
    });
    this.#server = server;
    await until(() => /ops url=/.test(server.stdout), "no port for operators");
    this.#url = /ops url="(\S+)"/.exec(server.stdout)![1]!;
  }

  async kill(): Promise<void> {
    this.#url = "";
    this.#server!.kill("SIGKILL");
    await this.#server!.ended;
  }

  /** Asks the API; undefined where there is no answer. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    key?: string,
  ): Promise<{ status: number; answer: Record<string, unknown> } | undefined> {
    if (this.#url === "") return undefined;
    try {
      const response = await fetch(`${this.#url}api/v1${path}`, {
        method,
        headers: {
          "authorization": `Bearer ${TOKEN}`,
          "content-type": "application/json",
          ...(key === undefined ? {} : { "idempotency-key": key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, answer: await response.json() };
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

Deno.test(
  "O4 what is posted three times with a key is stored once, whatever is killed",
  NEEDS_NATS,
  async () => {
    const random = chance();
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/token`, TOKEN);
      await using nats = await NatsServer.start();
      const args = [
        ...["--store", `nats://${nats.host}`, "--nats-probe", "250", "--log-entries", "100000"],
        ...["--api-token-file", `${folder}/token`],
      ];
      await using one = new Node(args);
      await using other = new Node(args);
      const nodes = [one, other];
      await Promise.all(nodes.map((node) => node.up()));
      let roomId = "";
      await until(async () => {
        const made = await one.ask("POST", "/rooms", { name: "Lobby" });
        roomId = String(made?.answer.room_id);
        return made?.status === 201;
      }, "no room can be made");

      /** Each message three times, in any order. */
      const posts = Array.from({ length: MESSAGES * TIMES }, (_, i) => i % MESSAGES);
      for (let i = posts.length - 1; i > 0; i--) {
        const at = Math.floor(random() * (i + 1));
        [posts[i], posts[at]] = [posts[at]!, posts[i]!];
      }
      const seqs = new Map<number, Set<unknown>>();
      const counts = { "201": 0, "200": 0, "tried again": 0, refused: 0 };
      const post = async (message: number) => {
        for (;;) {
          const node = nodes[Math.floor(random() * nodes.length)]!;
          const body = { body: `message ${message}`, as: "Backend" };
          const said = await node.ask("POST", `/rooms/${roomId}/messages`, body, `key ${message}`);
          if (said?.status === 201 || said?.status === 200) {
            counts[said.status]++;
            const known = seqs.get(message) ?? new Set();
            seqs.set(message, known.add(said.answer.seq));
            return;
          }
          if (said !== undefined && ![409, 429, 503].includes(said.status)) counts.refused++;
          counts["tried again"]++;
          await pause(20);
        }
      };
      let next = 0;
      const workers = Array.from({ length: AT_ONCE }, async () => {
        while (next < posts.length) await post(posts[next++]!);
      });
      for (let kill = 1; kill <= KILLS; kill++) {
        const node = nodes[kill % 2]!;
        await until(() => next >= posts.length * kill / (KILLS + 1), "nothing goes on", {
          withinMs: 300_000,
        });
        await node.kill();
        await node.up();
      }
      await Promise.all(workers);

      const bodies = new Map<string, number>();
      let after = 0;
      for (let more = true; more;) {
        const page = await one.ask("GET", `/rooms/${roomId}/entries?after=${after}&limit=1000`);
        const entries = page?.answer.entries as { seq: number; body?: string }[];
        for (const { seq, body } of entries) {
          after = seq;
          if (body !== undefined) bodies.set(body, (bodies.get(body) ?? 0) + 1);
        }
        more = page?.answer.more === true;
      }
      const stored = [...bodies.values()].reduce((sum, times) => sum + times, 0);
      const twice = [...bodies.values()].filter((times) => times > 1).length;
      const differing = [...seqs.values()].filter((known) =>
        [...known].filter((seq) =>
          seq !== undefined
        ).length > 1
      ).length;
      report("O4", `${MESSAGES} messages, each posted ${TIMES} times, two nodes, ${KILLS} kills`, {
        stored,
        ...counts,
        "stored twice": twice,
        "answered with two seqs": differing,
      });
      assertEquals(
        { stored, twice, differing, refused: counts.refused },
        { stored: MESSAGES, twice: 0, differing: 0, refused: 0 },
        `seed ${SEED}`,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
