import { assert, assertEquals } from "@std/assert";
import { type CheckedLink, Links } from "../../src/core/authority/links.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { type Caveat, encodeCaveat, encodeLink, readLink } from "../../src/protocol/links.ts";
import { rankOf, ROLES } from "../../src/protocol/roles.ts";
import { linkSigner } from "../../src/server/token_signer.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { pause } from "../support/waiting.ts";
import { chance, report, SEED, setting } from "./setting.ts";

const ROUNDS = setting(20, 200);
const NARROWED = setting(500, 20_000);
const FORGED = setting(5_000, 1_000_000);

/** The most people that a link of a round is for, and those who come besides. */
const MOST_USES = 3;
const MOST_MORE = 3;

const OPTIONS = { rate: 0, heartbeatMs: 3_600_000, logEntries: 100_000 };
/** The time after which something is asked again, in milliseconds. */
const AGAIN_MS = 50;

const ROOM = "k7q2-m9xd-4hwn-r3tc";

/** Asks for something, again where the store is not reached, or `isEarly`; returns the answer. */
async function ask(
  socket: RawSocket,
  action: string,
  body: Frame,
  isEarly = ({ code }: Frame) => code === "unavailable",
): Promise<Frame> {
  for (;;) {
    socket.send({ action, body, ref: action });
    const answer = await socket.until(({ ref }) => ref === action);
    if (!isEarly(answer)) return answer;
    await pause(AGAIN_MS);
  }
}

/** Has more people than a link is for come by it at once, at two nodes, again and again. */
async function race(what: string, [a, b]: [TestChat, TestChat]): Promise<void> {
  const random = chance(SEED);
  const upTo = (most: number) => 1 + Math.floor(random() * most);
  const { host: ana, roomId: room_id } = await a.host1();
  await using _ana = ana;
  await ask(ana, "room", { room_id, join: "link" });
  let tooMany = 0;
  let tooFew = 0;
  let letIn = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const uses = upTo(MOST_USES);
    const { id, link } = await ask(ana, "link", { room_id, role: "member", uses });
    const people = await Promise.all(
      Array.from({ length: uses + upTo(MOST_MORE) }, (_, i) => (i % 2 === 0 ? a : b).v1()),
    );
    // The other node may not have heard of it yet.
    const isEarly = ({ code }: Frame) => code === "unavailable" || code === "link_ended";
    const answers = await Promise.all(
      people.map((socket) => ask(socket, "join", { room_id, link }, isEarly)),
    );
    const came = answers.filter(({ status }) => status === "success").length;
    const refused = answers.filter(({ code }) => code === "link_used_up").length;
    assertEquals(came + refused, people.length, JSON.stringify(answers));
    tooMany += Math.max(0, came - uses);
    tooFew += Math.max(0, uses - came);
    letIn += came;
    await Promise.all(people.map((socket) => socket[Symbol.asyncDispose]()));
    await ask(ana, "unlink", { room_id, id });
  }
  report("A4", `${ROUNDS} links for 1 to ${MOST_USES}, more come at two nodes at once, ${what}`, {
    "too many": tooMany,
    "too few": tooFew,
    "let in": letIn,
  });
  assertEquals([tooMany, tooFew], [0, 0]);
}

Deno.test("A4 nobody comes in by a link as one too many, in memory", async () => {
  await using chat = new TestChat(OPTIONS);
  await race("memory", [chat, chat]);
});

const folder = tempFolder();

Deno.test("A4 nobody comes in by a link as one too many, with SQLite", async () => {
  await using chat = new TestChat({ ...OPTIONS, store: sqlite(`${folder}/links.db`) });
  await race("SQLite", [chat, chat]);
});

Deno.test({
  name: "A4 nobody comes in by a link as one too many, on two nodes over NATS",
  ...NEEDS_NATS,
  fn: async () => {
    await using nats = await NatsServer.start();
    const cluster = { hosts: nats.host, name: "links" };
    await using a = await workingNode(cluster, OPTIONS);
    await using b = await workingNode(cluster, OPTIONS);
    await race("NATS, two nodes", [a, b]);
  },
});

const signer = linkSigner(`the secret of seed ${SEED}`);
const links = new Links(signer);

/** Narrows a link as anybody can who has it. */
function narrowed(link: string, caveat: string): string {
  const { id, caveats, signature } = readLink(link)!;
  const next = signer.next(signature, caveat);
  return encodeLink({ id, caveats: [...caveats, caveat], signature: next });
}

/** Makes caveats by chance. */
function caveats(random: () => number, most: number): Caveat[] {
  const any = <Choice>(choices: readonly Choice[]) =>
    choices[Math.floor(random() * choices.length)]!;
  return Array.from({ length: Math.floor(random() * (most + 1)) }, () =>
    any<() => Caveat>([
      () => ({ role: any(ROLES.slice(1)) }),
      () => ({ exp: Math.floor(random() * 1_000) }),
      () => ({ uses: 1 + Math.floor(random() * 1_000) }),
      () => ({ to: any(["ana", "ben"]) }),
      () => ({ id: any(["a1", "b2", "c3"]) }),
    ])());
}

/** Says whether a link gives more than the one that it was made of. */
function isMore(child: CheckedLink, parent: CheckedLink): boolean {
  return rankOf(child.role) > rankOf(parent.role) ||
    (child.until ?? Infinity) > (parent.until ?? Infinity) ||
    child.id !== parent.id && !child.id.startsWith(`${parent.id}.`) ||
    Object.entries(parent.counts).some(([name, most]) => child.counts[name] !== most);
}

Deno.test("A4 no link gives more than the one that it was made of", () => {
  const random = chance(SEED);
  let more = 0;
  let useful = 0;
  for (let i = 0; i < NARROWED; i++) {
    let link = links.make(ROOM, "k3j2h1g0", ...caveats(random, 5));
    let parents = ["ana", "ben"].map((person) => links.check(link, ROOM, person));
    for (const caveat of caveats(random, 5)) {
      link = narrowed(link, encodeCaveat(caveat));
      const children = ["ana", "ben"].map((person) => links.check(link, ROOM, person));
      for (const [j, child] of children.entries()) {
        if (child instanceof ChatError) continue;
        const parent = parents[j]!;
        useful++;
        if (parent instanceof ChatError || isMore(child, parent)) more++;
      }
      parents = children;
    }
  }
  report("A4", `${NARROWED} links narrowed by chance, up to five times`, {
    "more than their parent": more,
    "of use": useful,
  });
  assert(useful > NARROWED / 10);
  assertEquals(more, 0);
});

/** The characters of links. */
const LETTERS = "0123456789abcdefghjkmnpqrstvwxyz.=%";

Deno.test("A4 no link is taken that was not signed", () => {
  const random = chance(SEED);
  const any = (most: number) => Math.floor(random() * most);
  // A signature takes longer than all else here.
  const known = Array.from(
    { length: 500 },
    () => links.make(ROOM, "k3j2h1g0", ...caveats(random, 4).filter((one) => !("to" in one))),
  );
  const elsewhere = Array.from(
    { length: 100 },
    (_, i) => links.make(`room ${i}`, "k3j2h1g0", ...caveats(random, 1)),
  );
  const rewrites: ((link: string) => string)[] = [
    // Another character, one more, one less.
    (link) => splice(link, any(link.length), 1, LETTERS[any(LETTERS.length)]!),
    (link) => splice(link, any(link.length + 1), 0, LETTERS[any(LETTERS.length)]!),
    (link) => splice(link, any(link.length), 1, ""),
    // A signature by chance; that of something else; a part less; two parts exchanged.
    (link) => link.slice(0, -32) + Array.from({ length: 32 }, () => LETTERS[any(32)]).join(""),
    (link) => link.slice(0, -32) + known[any(known.length)]!.slice(-32),
    (link) => {
      const parts = link.split(".");
      parts.splice(any(parts.length - 1), 1);
      return parts.join(".");
    },
    (link) => {
      const parts = link.split(".");
      const [i, j] = [any(parts.length - 1), any(parts.length - 1)];
      [parts[i], parts[j]] = [parts[j]!, parts[i]!];
      return parts.join(".");
    },
    // A greater role, a later end, more uses.
    (link) => link.replace(/role=\w+/, "role=owner"),
    (link) => link.replace(/exp=\d+/, "exp=999999999999"),
    (link) => link.replace(/uses=\d+/, "uses=1000"),
    // Of another room.
    () => elsewhere[any(elsewhere.length)]!,
  ];
  let taken = 0;
  for (let count = 0; count < FORGED;) {
    const link = known[any(known.length)]!;
    const forged = rewrites[any(rewrites.length)]!(link);
    if (forged === link) continue;
    count++;
    if (["ana", "ben"].some((who) => !(links.check(forged, ROOM, who) instanceof ChatError))) {
      taken++;
    }
  }
  report("A4", `${FORGED} links forged in ${rewrites.length} ways`, { taken });
  assertEquals(taken, 0);
});

function splice(text: string, at: number, less: number, more: string): string {
  return text.slice(0, at) + more + text.slice(at + less);
}
