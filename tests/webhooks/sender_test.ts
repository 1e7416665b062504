import { assertEquals } from "@std/assert";
import { insideOf } from "../../src/server/inside.ts";
import { ForbiddenAddressError } from "../../src/webhooks/post.ts";
import { type SenderParts, WebhookSender } from "../../src/webhooks/sender.ts";
import { checkedSecrets } from "../../src/webhooks/signature.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../support/fixtures.ts";
import { PERMITTED } from "../support/permissions.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { turn, until } from "../support/waiting.ts";
import { SECRET } from "../support/webhook_receiver.ts";

const NEEDS_NET = { ignore: !PERMITTED };

/** A chat in memory with a sender, and a receiver that says what a test wants. */
class Bench extends TestChat {
  readonly bodies: { room_id: string; entries: { seq: number }[] }[] = [];
  answer: () => Promise<number> = () => Promise.resolve(200);
  readonly sender: WebhookSender;
  readonly #grown;

  constructor(waits = { firstMs: 5, mostMs: 40 }, options = {}) {
    super(options);
    const { voice, metrics, watchers } = insideOf(this.chat)!;
    const parts: SenderParts = {
      voice,
      logger: recordingLogger(this.log),
      numbers: metrics.webhooks,
      poster: {
        post: async (_headers, body) => {
          const status = await this.answer();
          if (status === 200) this.bodies.push(JSON.parse(body).data);
          return status;
        },
        close() {},
      },
      receiver: "receiver.example",
      cursorName: "receiver",
      secrets: checkedSecrets("secret", SECRET),
      version: "0.0.0",
      waits,
    };
    this.sender = new WebhookSender(parts);
    this.#grown = this.sender.grown.bind(this.sender);
    watchers.push(this.#grown);
  }

  get numbers() {
    return insideOf(this.chat)!.metrics.webhooks;
  }

  events(event: string): Record<string, unknown>[] {
    return this.log.filter((line) => line.event === event).map(({ fields }) => fields);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.sender.close(0);
    await super[Symbol.asyncDispose]();
  }
}

Deno.test(
  "a receiver that fails is asked less and less, and at the longest wait that is an error",
  NEEDS_NET,
  async () => {
    await using bench = new Bench();
    let requests = 0;
    bench.answer = () => {
      requests++;
      return Promise.reject(new Error("No route"));
    };
    const { roomId } = await bench.chat.createRoom("Lobby");
    await bench.chat.publish(roomId, "one");
    await until(() => bench.events("webhook does not work").length > 0, "it is no error");
    const waits = [...bench.events("webhook failed"), ...bench.events("webhook does not work")]
      .map(({ again_in_ms }) => Number(again_in_ms));
    assertEquals(waits.length, 4);
    waits.forEach((ms, i) => assertEquals(ms >= 0.75 * 5 * 2 ** i - 1 && ms <= 5 * 2 ** i, true));
    const [{ receiver, error, rooms } = {}] = bench.events("webhook failed");
    assertEquals([receiver, error, rooms], ["receiver.example", "No route", 1]);
    assertEquals(bench.numbers.requests, { taken: 0, failed: requests, refused: 0 });
    bench.answer = () => Promise.resolve(200);
    await until(() => bench.sender.behind === 0, "it is not sent");
    assertEquals(bench.bodies.length, 1);
  },
);

Deno.test("an address that may not be reached is counted by itself", NEEDS_NET, async () => {
  await using bench = new Bench({ firstMs: 60_000, mostMs: 60_000 });
  bench.answer = () => Promise.reject(new ForbiddenAddressError("10.0.0.7 is not public"));
  const { roomId } = await bench.chat.createRoom("Lobby");
  await bench.chat.publish(roomId, "one");
  await until(() => bench.numbers.requests.refused > 0, "nothing is refused");
  const waits = [...bench.numbers.waitSeconds.values()];
  assertEquals([waits.length, waits[0]! > 40], [1, true]);
});

Deno.test(
  "rooms are sent side by side, and each of them one request after the other",
  NEEDS_NET,
  async () => {
    await using bench = new Bench();
    let now = 0;
    let most = 0;
    bench.answer = async () => {
      most = Math.max(most, ++now);
      await turn();
      await turn();
      now--;
      return 200;
    };
    const rooms = await Promise.all(
      Array.from({ length: 9 }, (_, i) => bench.chat.createRoom(`${i}`)),
    );
    for (let i = 0; i < 20; i++) {
      await Promise.all(rooms.map(({ roomId }) => bench.chat.publish(roomId, `${i}`)));
    }
    await until(() => bench.sender.behind === 0, "not all is sent");
    assertEquals(most, 4);
    for (const { roomId } of rooms) {
      const seqs = bench.bodies.filter(({ room_id }) => room_id === roomId)
        .flatMap(({ entries }) => entries.map(({ seq }) => seq));
      assertEquals(seqs, Array.from({ length: 20 }, (_, i) => i + 1));
    }
  },
);

Deno.test(
  "a room that a receiver does not take holds no other room up for long",
  NEEDS_NET,
  async () => {
    await using bench = new Bench();
    const [one, other] = [await bench.chat.createRoom("one"), await bench.chat.createRoom("other")];
    let tries = 0;
    const sent: string[] = [];
    bench.answer = () => Promise.resolve(200);
    await bench.chat.publish(one.roomId, "taken");
    await until(() => bench.sender.behind === 0, "it is not sent");
    bench.answer = () => Promise.resolve(tries++ % 2 === 0 ? 400 : 200);
    await bench.chat.publish(one.roomId, "perhaps");
    for (let i = 0; i < 5; i++) await bench.chat.publish(other.roomId, `${i}`);
    await until(() => bench.sender.behind === 0, "not all is sent");
    sent.push(...bench.bodies.map(({ room_id }) => room_id));
    assertEquals(sent.includes(other.roomId), true);
    assertEquals(bench.events("webhook does not work"), []);
  },
);

Deno.test("the log of an open room goes on to count among all logs", NEEDS_NET, async () => {
  await using bench = new Bench();
  const { roomId } = await bench.chat.createRoom("Lobby");
  const { log } = insideOf(bench.chat)!.voice.openRooms.get(roomId)!;
  const places: unknown[] = [];
  log.countIn = (memory) => void places.push(memory);
  await bench.chat.publish(roomId, "one");
  await until(() => bench.bodies.length === 1 && bench.sender.behind === 0, "it is not sent");
  assertEquals(places.includes(undefined), false);
});

Deno.test("at its end, a sender waits a moment for what is not sent yet", NEEDS_NET, async () => {
  await using bench = new Bench();
  const gate = Promise.withResolvers<number>();
  bench.answer = () => gate.promise;
  const { roomId } = await bench.chat.createRoom("Lobby");
  await bench.chat.publish(roomId, "one");
  const closed = bench.sender.close(5_000);
  gate.resolve(200);
  await closed;
  assertEquals(bench.bodies.length, 1);
});

Deno.test(
  "rooms that nobody opens any more are found in the store, however many",
  NEEDS_NET,
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const store = () => sqlite(`${folder}/chat.db`);
      const rooms = 1_200;
      {
        await using bench = new Bench({ firstMs: 60_000, mostMs: 60_000 }, { store: store() });
        bench.answer = () => Promise.resolve(500);
        for (let i = 0; i < rooms; i += 100) {
          await Promise.all(Array.from({ length: 100 }, async (_, j) => {
            const { roomId } = await bench.chat.createRoom(`${i + j}`);
            await bench.chat.publish(roomId, "said");
          }));
        }
      }
      await using bench = new Bench(undefined, { store: store() });
      await until(
        () => bench.bodies.length === rooms && bench.sender.behind === 0,
        () => `only ${bench.bodies.length} are sent`,
      );
      assertEquals(new Set(bench.bodies.map(({ room_id }) => room_id)).size, rooms);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
