import { assertEquals } from "@std/assert";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Frame, RawSocket, TestChat } from "../support/fixtures.ts";
import { backUp, restore, type StreamBackup } from "../support/nats_backup.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { startNode, workingNode } from "../support/node.ts";
import { until } from "../support/waiting.ts";

let names = 0;

/** A room over a NATS server of its own, and who talks there. */
class Scene implements AsyncDisposable {
  readonly name = `restore${++names}`;
  readonly nats: NatsServer;
  roomId = "";
  epoch: unknown;
  readonly #nc: NatsConnection[] = [];
  #streams: JetStreamManager["streams"] | undefined;
  #node: TestChat | undefined;
  #host: RawSocket | undefined;
  #said = 0;

  private constructor(nats: NatsServer) {
    this.nats = nats;
  }

  static async open(): Promise<Scene> {
    const scene = new Scene(await NatsServer.start());
    await scene.#reach();
    await scene.start();
    return scene;
  }

  get streams(): JetStreamManager["streams"] {
    return this.#streams!;
  }

  get node(): TestChat {
    return this.#node!;
  }

  /** Starts a node, and somebody who is in the room. */
  async start(): Promise<void> {
    this.#node = startNode({ hosts: this.nats.host, name: this.name });
    await this.enter();
  }

  /** Somebody new enters the room. */
  async enter(): Promise<void> {
    this.#host = await this.node.v1();
    const body = { room_id: this.roomId };
    const entered = await this.#host.ask(
      this.roomId === "" ? { action: "create", body: "Lobby" } : { action: "join", body },
    );
    this.roomId = String(entered.room_id);
    this.epoch = entered.epoch;
  }

  async stop(): Promise<void> {
    await this.#host?.close(1000);
    await this.#node?.[Symbol.asyncDispose]();
    this.#node = undefined;
  }

  /** Says something, and returns its place. */
  async say(): Promise<number> {
    const body = `m${++this.#said}`;
    this.#host!.send({ action: "message", room_id: this.roomId, body });
    for (;;) {
      const { entries } = await this.#host!.next();
      const own = (entries as { seq: number; body?: string }[]).find((entry) =>
        entry.body === body
      );
      if (own !== undefined) return own.seq;
    }
  }

  /** Asks what somebody is told who was cut off behind `after`. */
  async recovered(after: number, epoch = this.epoch): Promise<unknown> {
    await using ben = await this.node.v1();
    return (await comeBack(ben, { roomId: this.roomId, epoch }, after)).recovered;
  }

  /** Does something to NATS while it does not run. */
  async toStopped(act: () => Promise<void>): Promise<void> {
    await this.#leave();
    await this.nats.down("SIGTERM");
    await act();
    await this.nats.up();
    await this.#reach();
  }

  backUp(suffix = ""): Promise<StreamBackup> {
    return backUp(this.#nc[0]!, `${this.name}${suffix}`);
  }

  async restore(backups: StreamBackup[]): Promise<void> {
    for (const backup of backups) {
      // A node that runs may be faster, and make the stream anew as soon as it is gone.
      const isBack = () => restore(this.#nc[0]!, backup).then(() => true, () => false);
      await until(isBack, "the nodes are faster");
    }
  }

  /** Counts the messages in the stream that nodes probe. */
  async probes(): Promise<number> {
    return (await this.streams.info(`${this.name}-state`)).state.last_seq;
  }

  /** The messages that whoever joins with history is shown. */
  async history(): Promise<string[]> {
    await using ben = await this.node.v1();
    ben.send({ action: "join", body: { room_id: this.roomId, last: 100 } });
    const { entries } = await ben.until(({ event }) => event === "entries");
    return (entries as { body?: string }[]).flatMap(({ body }) => body ?? []);
  }

  async #reach(): Promise<void> {
    const nc = await connect({ servers: this.nats.host });
    this.#nc.push(nc);
    this.#streams = (await jetstreamManager(nc)).streams;
  }

  async #leave(): Promise<void> {
    await this.#nc.pop()?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.#leave();
    await this.nats[Symbol.asyncDispose]();
  }
}

/** Comes back to a room behind `after`, and asks again while the node does not reach its store. */
async function comeBack(
  socket: RawSocket,
  { roomId, epoch }: Pick<Scene, "roomId" | "epoch">,
  after: number,
): Promise<Frame> {
  let reply: Frame = {};
  await until(async () => {
    socket.send({ action: "join", body: { room_id: roomId, epoch, after } });
    reply = await socket.until(({ status }) => status !== undefined);
    return reply.status === "success";
  }, () => `${reply.message}`);
  return reply;
}

/** Ways to deal with a backup of both streams; some of it may be put back. */
const WAYS: Record<string, (scene: Scene) => Promise<{ back: () => Promise<void> }>> = {
  "files of NATS": async (scene) => {
    await scene.toStopped(() => scene.nats.copy("backup"));
    return { back: () => scene.toStopped(() => scene.nats.putBack("backup")) };
  },
  "tools of NATS": async (scene) => {
    const both = [await scene.backUp(), await scene.backUp("-state")];
    return { back: () => scene.restore(both) };
  },
  "tools of NATS, the rooms alone": async (scene) => {
    const rooms = [await scene.backUp()];
    return { back: () => scene.restore(rooms) };
  },
};

for (const [way, backUp] of Object.entries(WAYS)) {
  Deno.test({
    name:
      `who was told anything before streams were put back is told that something is missing, each time: ${way}`,
    ...NEEDS_NATS,
    async fn() {
      await using scene = await Scene.open();
      const cursors = [{ after: await scene.say(), epoch: scene.epoch }];
      await scene.stop();
      const { back } = await backUp(scene);
      await scene.start();
      for (let life = 0; life < 3; life++) {
        const { epoch } = scene;
        for (let i = 0; i < 5; i++) cursors.push({ after: await scene.say(), epoch });
        assertEquals(await scene.recovered(cursors.at(-3)!.after), true);
        await scene.stop();
        await back();
        await scene.start();
        // By their place in the stream, new entries are not to be told from those that are gone.
        for (let i = 0; i < 7; i++) await scene.say();
        for (const { after, epoch } of cursors) {
          assertEquals(await scene.recovered(after, epoch), false, `${epoch} ${after}`);
        }
      }
    },
  });
}

Deno.test({
  name: "streams that are put back under a running node are noticed, and everybody is told",
  ...NEEDS_NATS,
  async fn() {
    await using scene = await Scene.open();
    const { epoch } = scene;
    const before = await scene.say();
    const backups = [await scene.backUp(), await scene.backUp("-state")];
    const lost = await scene.say();
    const begin = await scene.probes();
    // A node that has something stored at each probe sees that a stream counts backwards.
    await until(async () => await scene.probes() > begin + 2, "nothing is probed");
    await scene.restore(backups);
    // The room is lost for this node, and whoever was there comes back.
    await until(() => scene.node.chat.size.rooms === 0, "nobody notices");
    await until(() => scene.node.chat.failure === undefined, "the node does not work again");
    await scene.enter();
    for (let i = 0; i < 5; i++) await scene.say();
    for (const after of [before, lost]) assertEquals(await scene.recovered(after, epoch), false);
  },
});

Deno.test({
  name: "nobody is told by a node that has not noticed yet that streams were put back",
  ...NEEDS_NATS,
  async fn() {
    await using scene = await Scene.open();
    const before = await scene.say();
    await using other = startNode({ hosts: scene.nats.host, name: scene.name });
    await using ben = await other.v1();
    const rooms = [await scene.backUp()];
    await scene.say();
    await scene.restore(rooms);
    const reply = await comeBack(ben, scene, before);
    assertEquals([reply.recovered, reply.epoch === scene.epoch], [false, false]);
  },
});

Deno.test({
  name: "who was let in by a node that knew of nothing missing is told once another life begins",
  ...NEEDS_NATS,
  async fn() {
    await using scene = await Scene.open();
    const before = await scene.say();
    await using other = await workingNode({ hosts: scene.nats.host, name: scene.name });
    await using ben = await other.v1();
    const rooms = [await scene.backUp()];
    // The other node never hears of this, so that the streams are what it knows.
    await scene.say();
    await scene.restore(rooms);
    const reply = await comeBack(ben, scene, before);
    if (reply.recovered === true) {
      assertEquals((await ben.until(({ event }) => event === "goodbye")).code, 4004);
    }
    await using back = await other.v1();
    const told = await comeBack(back, scene, before);
    assertEquals([told.recovered, told.epoch === scene.epoch], [false, false]);
  },
});

Deno.test({
  name: "a restart of all nodes, or of NATS under them, recovers everybody under the same epoch",
  ...NEEDS_NATS,
  async fn() {
    await using scene = await Scene.open();
    const { epoch } = scene;
    const cursors: number[] = [];
    for (let restarts = 0; restarts < 4; restarts++) {
      cursors.push(await scene.say());
      if (restarts % 2 === 0) {
        await scene.stop();
        await scene.start();
      } else {
        await scene.toStopped(() => Promise.resolve());
        await until(() => scene.node.chat.failure === undefined, "the node does not come back");
        await scene.enter();
      }
      for (const after of cursors) assertEquals(await scene.recovered(after), true);
    }
    assertEquals(scene.epoch, epoch);
  },
});

Deno.test({
  name: "where nodes and NATS have all ended, nobody can say that nothing is gone",
  ...NEEDS_NATS,
  async fn() {
    await using scene = await Scene.open();
    const { epoch } = scene;
    const after = await scene.say();
    await scene.stop();
    await scene.toStopped(() => Promise.resolve());
    await scene.start();
    assertEquals([scene.epoch === epoch, await scene.recovered(after, epoch)], [false, false]);
    // What was said is there all the same, for who asks for history.
    assertEquals((await scene.history()).includes("m1"), true);
  },
});

Deno.test({
  name: "a node that starts beside others takes their word for it, and disturbs nobody",
  ...NEEDS_NATS,
  async fn() {
    await using scene = await Scene.open();
    const { streams } = scene;
    const after = await scene.say();
    // Without the marks there is nothing else to go by.
    await streams.delete(`${scene.name}-mark`);
    for (let i = 0; i < 3; i++) {
      await using other = startNode({ hosts: scene.nats.host, name: scene.name });
      await using ben = await other.v1();
      const body = { room_id: scene.roomId, epoch: scene.epoch, after };
      assertEquals((await ben.ask({ action: "join", body })).recovered, true);
    }
    assertEquals(scene.node.log.filter(({ event }) => event === "room gone"), []);
  },
});
