import { assertEquals } from "@std/assert";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { pause, until } from "../support/waiting.ts";
import { API_TOKEN, OperatedNode } from "./operated_node.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const MESSAGES = setting(300, 10_000);
const TIMES = 3;
const KILLS = setting(1, 10);
const AT_ONCE = 32;

Deno.test(
  "O4 what is posted three times with a key is stored once, whatever is killed",
  NEEDS_NATS,
  async () => {
    const random = chance();
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/token`, API_TOKEN);
      await using nats = await NatsServer.start();
      const args = [
        ...["--store", `nats://${nats.host}`, "--nats-probe", "250", "--log-entries", "100000"],
        ...["--api-token-file", `${folder}/token`],
      ];
      await using one = new OperatedNode(args);
      await using other = new OperatedNode(args);
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
      for (const { body } of await one.entries(roomId)) {
        if (typeof body === "string") bodies.set(body, (bodies.get(body) ?? 0) + 1);
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
