/**
 * Honest people pay nothing: at the default limits nobody is refused anything who says what people
 * and their programs say, in rooms of any size.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { ServerProcess } from "../../bench/server_process.ts";
import { ChatClient, type ChatRoom } from "../../client.ts";
import { report, setting } from "../chaos/setting.ts";
import { pause } from "../support/waiting.ts";

/** The load of a room: what is said in it, besides its size. */
interface Load {
  name: string;
  rooms: number;
  members: number;
  /** Members of each room that say something. */
  senders: number;
  /** Messages that each of them says at once, and how often it does so in a second; once unless given. */
  atOnce: number;
  perSecond?: number;
  /** The length of each. */
  chars: number;
}

const SECONDS = setting(1, 5);

const LOADS: readonly Load[] = [
  { name: "a paste of 256 lines to one", rooms: 1, members: 2, senders: 1, atOnce: 256, chars: 80 },
  {
    name: "a paste of 256 lines to 99",
    rooms: 1,
    members: 100,
    senders: 1,
    atOnce: 256,
    chars: 80,
  },
  { name: "128 messages on the way", rooms: 1, members: 32, senders: 1, atOnce: 128, chars: 200 },
  {
    name: "32 of 100 members who talk",
    ...{ rooms: 1, members: 100, senders: 32, atOnce: 1, perSecond: 20, chars: 100 },
  },
  {
    name: "50 rooms of ten who talk",
    ...{ rooms: 50, members: 10, senders: 10, atOnce: 1, perSecond: 5, chars: 100 },
  },
  {
    name: "100 pairs that talk",
    ...{ rooms: 100, members: 2, senders: 2, atOnce: 1, perSecond: 20, chars: 100 },
  },
  {
    name: "32 of 500 members who talk",
    ...{ rooms: 1, members: 500, senders: 32, atOnce: 1, perSecond: 2, chars: 100 },
  },
];

/** Counts the refusals that come over any WebSocket of this process while it is open. */
class Refusals implements Disposable {
  count = 0;
  readonly #original = globalThis.WebSocket;

  constructor() {
    const count = ({ data }: MessageEvent) => {
      if (typeof data === "string" && data.includes('"status":"error"')) this.count++;
    };
    globalThis.WebSocket = class extends this.#original {
      constructor(...args: ConstructorParameters<typeof WebSocket>) {
        super(...args);
        this.addEventListener("message", count);
      }
    };
  }

  [Symbol.dispose](): void {
    globalThis.WebSocket = this.#original;
  }
}

for (const load of LOADS) {
  Deno.test(`X4 nobody is refused anything: ${load.name}`, async () => {
    await using server = await ServerProcess.start({ args: ["--log-level", "error"] });
    using refusals = new Refusals();
    await using chats = new AsyncDisposableStack();
    const rooms = await Promise.all(
      Array.from({ length: load.rooms }, () => fill(server.url, load, chats)),
    );
    const senders = rooms.flatMap((members) => members.slice(0, load.senders));
    const times = load.perSecond === undefined ? 1 : load.perSecond * SECONDS;
    const said = await Promise.all(senders.map((room) => talk(room, load, times)));
    const stored = said.flat().filter((seq) => seq !== undefined).length;
    const all = senders.length * times * load.atOnce;
    report("X4", load.name, { said: all, stored, refused: refusals.count }, [
      ...(stored < all ? ["stored"] : []),
      ...(refusals.count > 0 ? ["refused"] : []),
    ]);
    assertEquals([stored, refusals.count], [all, 0]);
  });
}

/** Makes a room, and brings its members in. */
async function fill(url: string, { members }: Load, chats: AsyncDisposableStack) {
  const connect = async () => {
    const chat = chats.use(new ChatClient(url));
    await chat.connect();
    return chat;
  };
  const host = await (await connect()).createRoom("Lobby");
  const rooms: ChatRoom[] = [host];
  while (rooms.length < members) {
    const some = Math.min(20, members - rooms.length);
    const guests = Array.from(
      { length: some },
      async () => await (await connect()).joinRoom(host.id),
    );
    rooms.push(...await Promise.all(guests));
  }
  return rooms;
}

async function talk(room: ChatRoom, { atOnce, perSecond, chars }: Load, times: number) {
  const sent: Promise<unknown>[] = [];
  for (let i = 0; i < times; i++) {
    for (let j = 0; j < atOnce; j++) sent.push(room.send("x".repeat(chars)));
    // The pace is what is tried here.
    if (perSecond !== undefined) await pause(1_000 / perSecond);
  }
  return await Promise.all(sent);
}
