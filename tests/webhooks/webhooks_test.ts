import { assertEquals } from "@std/assert";
import { parseNetwork } from "../../src/server/admission/addresses.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { insideOf } from "../../src/server/inside.ts";
import { checkedSecrets } from "../../src/webhooks/signature.ts";
import { openWebhooks } from "../../src/webhooks/webhooks.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { TestChat } from "../support/fixtures.ts";
import { PERMITTED } from "../support/permissions.ts";
import { recordingLogger } from "../support/recording_logger.ts";
import { until } from "../support/waiting.ts";
import { SECRET, WebhookReceiver } from "../support/webhook_receiver.ts";

const NEEDS_NET = { ignore: !PERMITTED };

/** A chat with webhooks to some receivers. */
class HookedChat extends TestChat {
  readonly #hooks;

  constructor(receivers: WebhookReceiver[], options: ChatOptions = {}) {
    super(options);
    this.#hooks = openWebhooks(this.chat, {
      urls: receivers.map(({ url }) => new URL(url)),
      secrets: checkedSecrets("secret", SECRET),
      networks: [parseNetwork("127.0.0.1")!],
      logger: recordingLogger(this.log),
      version: "0.0.0",
      waits: { firstMs: 20, mostMs: 100 },
    });
  }

  get numbers() {
    return insideOf(this.chat)!.metrics.webhooks;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.#hooks.close(1_000);
    await super[Symbol.asyncDispose]();
  }
}

function told(receiver: WebhookReceiver, roomId: string): string[] {
  return receiver.entriesOf(roomId).map((entry) =>
    "body" in entry ? String(entry.body) : "event" in entry ? entry.event : "change"
  );
}

Deno.test("receivers are sent all that happens in a room, in its order", NEEDS_NET, async () => {
  await using one = new WebhookReceiver();
  await using other = new WebhookReceiver();
  await using server = new HookedChat([one, other]);
  const { host, roomId } = await server.host1("Lobby", { name: "Ana" });
  for (let n = 1; n <= 300; n++) {
    host.send({ action: "message", room_id: roomId, n, body: `m${n}` });
  }
  await host.entries(300);
  await host.ask({ action: "leave", body: { room_id: roomId } });
  const all = ["join", ...Array.from({ length: 300 }, (_, i) => `m${i + 1}`), "leave"];
  for (const receiver of [one, other]) {
    await until(() => told(receiver, roomId).length === all.length, "not all is told");
    assertEquals(told(receiver, roomId), all);
    assertEquals(receiver.wrong, []);
    assertEquals(receiver.taken.filter(({ repeat, gap }) => repeat || gap), []);
    assertEquals(receiver.taken[0]!.room_name, "Lobby");
  }
  await until(() => server.numbers.entries === 2 * all.length, "not all is counted");
});

Deno.test("what a receiver has not taken comes again, and says so", NEEDS_NET, async () => {
  await using receiver = new WebhookReceiver();
  let refusals = 2;
  receiver.answer = () => refusals-- > 0 ? 500 : 200;
  await using server = new HookedChat([receiver]);
  const { roomId } = await server.host1();
  await until(() => receiver.taken.length > 0, "nothing is taken");
  assertEquals([receiver.requests, receiver.taken[0]!.repeat], [3, true]);
  assertEquals(told(receiver, roomId), ["join"]);
  await until(() => server.numbers.requests.taken === 1, "it is not counted");
  assertEquals(server.numbers.requests, { taken: 1, failed: 2, refused: 0 });
  assertEquals(
    server.log.filter(({ event }) => event.startsWith("webhook")).map(({ event }) => event),
    ["webhook failed", "webhook failed", "webhook works again"],
  );
});

Deno.test(
  "after a restart, a receiver is told what it was not, and who has left meanwhile",
  NEEDS_NET,
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      await using receiver = new WebhookReceiver();
      const store = () => sqlite(`${folder}/chat.db`);
      let roomId = "";
      {
        await using server = new HookedChat([receiver], { store: store(), graceMs: 0 });
        ({ roomId } = await server.host1());
        await until(() => told(receiver, roomId).length === 1, "nobody is told of the join");
        receiver.answer = () => 503;
        await server.chat.publish(roomId, "unheard");
      }
      receiver.answer = () => 200;
      await using _server = new HookedChat([receiver], { store: store(), graceMs: 0 });
      await until(() => told(receiver, roomId).includes("leave"), "nobody is told of the leave");
      assertEquals(told(receiver, roomId).filter((what) => what !== "away"), [
        "join",
        "unheard",
        "leave",
      ]);
      assertEquals(receiver.wrong, []);
      assertEquals(receiver.taken[0]!.repeat, undefined);
      assertEquals(receiver.taken[1]!.repeat, true);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test(
  "a room that is over before a receiver works is told all the same",
  NEEDS_NET,
  async () => {
    await using receiver = new WebhookReceiver();
    receiver.answer = () => 500;
    await using server = new HookedChat([receiver], { emptyRoomMs: 0 });
    const { host, roomId } = await server.host1();
    await host.ask({ action: "leave", body: { room_id: roomId } });
    await until(() => server.chat.size.rooms === 0, "the room stays");
    receiver.answer = () => 200;
    await until(() => told(receiver, roomId).length === 2, "not all is told");
    assertEquals(told(receiver, roomId), ["join", "leave"]);
  },
);

Deno.test(
  "where a receiver was away for too long, it is told that there is a gap",
  NEEDS_NET,
  async () => {
    await using receiver = new WebhookReceiver();
    receiver.answer = ({ entries }) => entries.at(-1)?.seq === 21 ? 200 : 500;
    await using server = new HookedChat([receiver], { logEntries: 5 });
    const { roomId } = await server.host1();
    for (let i = 1; i <= 20; i++) await server.chat.publish(roomId, `m${i}`);
    await until(() => told(receiver, roomId).length >= 5, "nothing is told");
    assertEquals(receiver.taken[0]!.gap, { from_seq: 1, to_seq: 16 });
    assertEquals(told(receiver, roomId), ["m16", "m17", "m18", "m19", "m20"]);
    await until(() => server.numbers.missed === 16, "it is not counted");
  },
);
