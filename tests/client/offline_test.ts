import { assertEquals } from "@std/assert";
import { SendError } from "../../src/protocol/errors.ts";
import {
  memoryOutboxStore,
  OfflineOutbox,
  type OutboxClient,
  type OutboxStore,
} from "../../src/client/offline.ts";
import type { Status } from "../../src/client/reconnect.ts";
import type { Message } from "../../src/client/room_events.ts";
import { until } from "../support/waiting.ts";

/** A server that counts, as an outbox sees it through a client. */
class Server {
  /** The texts that are stored. */
  readonly log: string[] = [];
  clientId = "";
  stored = 0;
  /** Called instead of storing; the promise that `send` returns. */
  onsend: ((text: string) => Promise<never>) | undefined;
  #ids = 0;

  forget(): void {
    this.clientId = "";
  }

  /** Connects a client, which is told how many of its messages are stored. */
  connect(session: string | null): Client {
    const resumed = this.clientId !== "" && session === `of ${this.clientId}`;
    if (!resumed) {
      this.clientId = `client ${++this.#ids}`;
      this.stored = 0;
    }
    return new Client(this.clientId, resumed, this.stored);
  }

  room(id = "lobby") {
    return {
      id,
      epoch: "e",
      cursor: this.log.length,
      send: async (text: string) => {
        if (this.onsend !== undefined) return await this.onsend(text);
        this.log.push(text);
        return { seq: ++this.stored };
      },
    };
  }
}

class Client implements OutboxClient {
  readonly clientId: string;
  readonly session: string;
  status: Status = { type: "connecting" };
  readonly #connected: Status;

  constructor(clientId: string, resumed: boolean, stored: number) {
    this.clientId = clientId;
    this.session = `of ${clientId}`;
    this.#connected = { type: "connected", resumed, stored };
  }

  async *statuses() {
    this.status = this.#connected;
    yield await Promise.resolve(this.#connected);
  }
}

/** Starts a program anew on what is kept. */
async function restarted(store: OutboxStore, server: Server): Promise<OfflineOutbox> {
  const outbox = await OfflineOutbox.open(store);
  outbox.attach(server.connect(outbox.session));
  outbox.enter(server.room());
  return outbox;
}

/** The states of what is in an outbox, by text. */
function states(outbox: OfflineOutbox): Record<string, string> {
  return Object.fromEntries(outbox.messages.map(({ body, state }) => [body, state]));
}

const settled = (outbox: OfflineOutbox) =>
  until(() => outbox.messages.length === 0, () => JSON.stringify(outbox.messages));

Deno.test("what is written before there is a connection is sent in its order, once there is one", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  const outbox = await OfflineOutbox.open(store);
  for (const text of ["a", "b", "c"]) await outbox.add("lobby", text);
  assertEquals(states(outbox), { a: "waiting", b: "waiting", c: "waiting" });
  outbox.attach(server.connect(outbox.session));
  outbox.enter(server.room());
  await settled(outbox);
  assertEquals(server.log, ["a", "b", "c"]);
  assertEquals(await store.load(), { messages: [], session: "of client 1" });
});

Deno.test("a program that ends before it sends leaves its messages to the next one", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  await (await OfflineOutbox.open(store)).add("lobby", "a");
  const outbox = await restarted(store, server);
  await settled(outbox);
  assertEquals(server.log, ["a"]);
});

for (const isStored of [true, false]) {
  Deno.test(`a program that ends while it sends ${isStored ? "says nothing twice" : "loses nothing"}`, async () => {
    const [store, server] = [memoryOutboxStore(), new Server()];
    server.onsend = (text) => {
      if (isStored) {
        server.log.push(text);
        server.stored++;
      }
      return new Promise(() => {});
    };
    const first = await restarted(store, server);
    await first.add("lobby", "a");
    await first.add("lobby", "b");
    await until(() => states(first).a === "sending", "not sent");
    server.onsend = undefined;
    const second = await restarted(store, server);
    await settled(second);
    assertEquals([server.log, server.clientId], [["a", "b"], "client 1"]);
  });
}

Deno.test("what was on its way when the session was forgotten is in doubt, and what was not is sent", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  server.onsend = () => new Promise(() => {});
  const first = await restarted(store, server);
  await first.add("lobby", "a");
  await first.add("lobby", "b");
  await until(() => states(first).a === "sending", "not sent");
  server.onsend = undefined;
  server.forget();
  const second = await restarted(store, server);
  await until(() => second.messages.length === 1, "not sent");
  assertEquals([states(second), server.log], [{ a: "doubt" }, ["b"]]);
  // It stays so, until somebody decides.
  const third = await restarted(store, server);
  assertEquals(states(third), { a: "doubt" });
  await third.retry(third.messages[0]!.id);
  await settled(third);
  assertEquals(server.log, ["b", "a"]);
});

Deno.test("a message in doubt that is found in the log is in doubt no more", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  server.onsend = () => new Promise(() => {});
  const first = await restarted(store, server);
  await first.add("lobby", "a");
  await until(() => states(first).a === "sending", "not sent");
  server.forget();
  const second = await restarted(store, server);
  await until(() => states(second).a === "doubt", "not in doubt");
  const message: Message = {
    type: "message",
    roomId: "lobby",
    from: "client 1",
    body: "a",
    seq: 1,
    epoch: "e",
    sentAt: 0,
    own: false,
  };
  for (const other of [{ from: "client 2" }, { epoch: "f" }, { roomId: "x" }, { seq: 0 }]) {
    await second.witness({ ...message, ...other });
  }
  assertEquals(states(second), { a: "doubt" });
  await second.witness(message);
  assertEquals([states(second), (await store.load()).messages], [{}, []]);
});

Deno.test("what is refused says why, holds nothing up, and can be taken back", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  server.onsend = () => {
    server.onsend = undefined;
    return Promise.reject(new SendError("too_large", "Too large"));
  };
  const outbox = await restarted(store, server);
  await outbox.add("lobby", "long");
  await outbox.add("lobby", "short");
  await until(() => outbox.messages.length === 1, "not sent");
  const [{ id, state, reason } = { id: 0 }] = outbox.messages;
  assertEquals([state, reason, server.log], ["failed", "Too large", ["short"]]);
  assertEquals((await outbox.discard(id))?.body, "long");
  assertEquals([await outbox.discard(id), outbox.messages], [undefined, []]);
});

Deno.test("a room that was left keeps what waits for it until it is entered again", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  let refused = 0;
  server.onsend = () => {
    refused++;
    return Promise.reject(new SendError("not_in_room", "Not in room lobby"));
  };
  const outbox = await restarted(store, server);
  await outbox.add("lobby", "a");
  await until(() => refused > 0 && states(outbox).a === "waiting", "not waiting");
  server.onsend = undefined;
  outbox.enter(server.room("other"));
  await outbox.add("other", "b");
  await until(() => server.log.length === 1, "not sent");
  outbox.enter(server.room());
  await settled(outbox);
  assertEquals(server.log, ["b", "a"]);
});

Deno.test("what another tab adds to the same place is sent too", async () => {
  const [store, server] = [memoryOutboxStore(), new Server()];
  const outbox = await restarted(store, server);
  await (await OfflineOutbox.open(store)).add("lobby", "from elsewhere");
  await outbox.refresh();
  await settled(outbox);
  assertEquals(server.log, ["from elsewhere"]);
});
