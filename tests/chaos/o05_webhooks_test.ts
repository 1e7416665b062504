import { assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { PERMITTED } from "../support/permissions.ts";
import { pause, until } from "../support/waiting.ts";
import { type Received, SECRET, WebhookReceiver } from "../support/webhook_receiver.ts";
import { API_TOKEN, OperatedNode } from "./operated_node.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const PEOPLE = setting(60, 1_000);
const AT_ONCE = setting(15, 40);
const KILLS = setting(2, 20);
const ROOMS = setting(3, 12);

/** The part of the people that are there at a kill, and never come back. */
const VANISHING = 0.5;

/** The longest that somebody stays, whatever happens, in milliseconds. */
const STAY_MS = 20_000;

/** A moment of a receiver: how it takes requests. */
const MOODS = ["well", "well", "slow", "erring", "erring", "down"] as const;

/** Statuses with which a receiver that errs has not taken a request. */
const ERRORS = [302, 400, 404, 410, 429, 500, 503];

/** Everything that receivers were sent in one room, by `seq`. */
interface Record {
  /** The `seq`s in the order in which they came first. */
  readonly order: number[];
  readonly entries: Map<number, { event?: string; from?: string }>;
  readonly epochs: Set<string>;
}

Deno.test(
  "O5 webhooks miss nothing, whoever fails, is killed, comes or goes",
  { ignore: !PERMITTED },
  async () => {
    const random = chance();
    const folder = await Deno.makeTempDir();
    const records = new Map<string, Record>();
    const counts = { requests: 0, "not taken": 0, repeats: 0, "repeats unmarked": 0, gaps: 0 };
    const note = ({ room_id, epoch, entries, repeat, gap }: Received) => {
      let known = records.get(room_id);
      if (known === undefined) {
        known = { order: [], entries: new Map(), epochs: new Set() };
        records.set(room_id, known);
      }
      known.epochs.add(epoch);
      if (gap !== undefined) counts.gaps++;
      for (const entry of entries) {
        if (known.entries.has(entry.seq)) {
          counts.repeats++;
          if (!repeat) counts["repeats unmarked"]++;
        } else {
          known.order.push(entry.seq);
          known.entries.set(entry.seq, entry as { event?: string; from?: string });
        }
      }
    };
    try {
      await using receiver = new WebhookReceiver();
      let mood: typeof MOODS[number] = "well";
      receiver.answer = async (received) => {
        counts.requests++;
        const hears = mood !== "erring" || random() < 0.5;
        const errs = mood === "erring";
        // At once: a request of a server that was killed is older than all of the next one.
        if (hears) note(received);
        if (mood === "slow") await pause(100 + 700 * random());
        if (!errs) return 204;
        counts["not taken"]++;
        // It may have taken everything, and fail all the same.
        return ERRORS[Math.floor(random() * ERRORS.length)]!;
      };
      await Deno.writeTextFile(`${folder}/token`, API_TOKEN);
      await Deno.writeTextFile(`${folder}/secret`, SECRET);
      const port = freePort();
      await using node = new OperatedNode([
        ...["--port", `${port}`, "--store", `sqlite:${folder}/chat.db`, "--grace", "2"],
        ...["--rate", "0", "--log-entries", "100000", "--api-token-file", `${folder}/token`],
        ...["--webhook", receiver.url, "--webhook-network", "127.0.0.1"],
        ...["--webhook-secret-file", `${folder}/secret`],
      ]);
      await node.up();
      const { url } = node;
      const rooms: string[] = [];
      for (let i = 0; i < ROOMS; i++) {
        const made = await node.ask("POST", "/rooms", { name: `Room ${i}` });
        rooms.push(String(made?.answer.room_id));
      }

      const here = new Map<ChatClient, { roomId: string; vanished: boolean }>();
      const vanished: { roomId: string; id: string }[] = [];
      let done = 0;
      let came = 0;
      const live = async (name: string) => {
        const chat = new ChatClient(url, { name, sendTimeoutMs: STAY_MS, timeoutMs: STAY_MS });
        const roomId = rooms[Math.floor(random() * rooms.length)]!;
        try {
          await chat.connect();
          const room = await chat.joinRoom(roomId);
          came++;
          here.set(chat, { roomId, vanished: false });
          for (let i = 0; i < 3 && !here.get(chat)?.vanished; i++) {
            await room.send(`${name} says ${i}`);
            await pause(1_000 * random());
          }
          if (random() < 0.5) await room.leave();
        } catch {
          // The server was killed at the wrong moment: somebody like that has gone, too.
          await pause(100);
        }
        if (here.delete(chat)) done++;
        await chat.close();
      };
      const workers = Array.from({ length: AT_ONCE }, async (_, i) => {
        while (came < PEOPLE) await live(`person ${i} ${came}`);
      });

      let goesOn = true;
      const moods = (async () => {
        while (goesOn) {
          mood = MOODS[Math.floor(random() * MOODS.length)]!;
          if (mood === "down") await receiver.close();
          await pause(200 + 1_300 * random());
          if (mood === "down") receiver.open();
        }
        mood = "well";
      })();
      for (let kill = 1; kill <= KILLS; kill++) {
        await until(() => done >= PEOPLE * kill / (KILLS + 1), "nobody comes or goes any more", {
          withinMs: 600_000,
        });
        await node.kill();
        for (const [chat, stay] of here) {
          if (random() > VANISHING || stay.vanished) continue;
          stay.vanished = true;
          vanished.push({ roomId: stay.roomId, id: chat.clientId });
          chat.close();
        }
        await node.up();
      }
      await Promise.all(workers);
      goesOn = false;
      await moods;

      /** Rooms whose logs the receiver does not have to their end, or that somebody is in. */
      const unfinished = async () => {
        const left = await Promise.all(rooms.map(async (roomId) => {
          const about = await node.ask("GET", `/rooms/${roomId}`);
          const head = about?.answer.seq ?? -1;
          return about?.answer.members !== 0 || records.get(roomId)?.order.at(-1) !== head;
        }));
        return left.filter((isLeft) => isLeft).length;
      };
      await until(async () => await unfinished() === 0, () => "not all is told", {
        withinMs: 120_000,
        everyMs: 250,
      }).catch(() => {});

      let entries = 0;
      let missed = 0;
      let outOfOrder = 0;
      let others = 0;
      for (const roomId of rooms) {
        const log = await node.entries(roomId);
        const record = records.get(roomId);
        entries += log.length;
        missed += log.filter(({ seq }) => !record?.entries.has(seq)).length;
        others += log.filter((entry) => {
          const sent = record?.entries.get(entry.seq);
          return sent !== undefined && JSON.stringify(sent) !== JSON.stringify(entry);
        }).length;
        outOfOrder += record?.order.filter((seq, i) => i > 0 && seq <= record.order[i - 1]!)
          .length ?? 0;
      }
      const unheard = vanished.filter(({ roomId, id }) =>
        ![...records.get(roomId)?.entries.values() ?? []]
          .some(({ event, from }) =>
            event === "leave" && from === id
          )
      ).length;
      const still = await unfinished();
      report(
        "O5",
        `${PEOPLE} people in ${ROOMS} rooms, SQLite, ${KILLS} kills, a receiver with moods`,
        {
          entries,
          "people who came": came,
          ...counts,
          "leaves of killed servers": vanished.length,
          missed,
          "out of order": outOfOrder,
          "leaves of killed servers missed": unheard,
          "entries that differ": others,
        },
      );
      assertEquals(
        {
          missed,
          outOfOrder,
          unheard,
          others,
          still,
          wrong: receiver.wrong,
          unmarked: counts["repeats unmarked"],
          gaps: counts.gaps,
        },
        {
          missed: 0,
          outOfOrder: 0,
          unheard: 0,
          others: 0,
          still: 0,
          wrong: [],
          unmarked: 0,
          gaps: 0,
        },
        `seed ${SEED}`,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

/** A port that nobody listens on. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}
