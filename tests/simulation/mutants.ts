/**
 * Known faults that are put back into a copy of the code, to show that random stories find them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { StorySize } from "./generator.ts";

/** One fault: some texts in a file, and what stands there with it. */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Texts that are there once, each with what stands in its place. */
  readonly changes: readonly (readonly [from: string, to: string])[];
  /** The store of the stories that it is looked for in, and the number of nodes; memory and one unless given. */
  readonly store?: StorySize["store"];
  readonly nodes?: number;
}

/** The fate of a mutant. */
export interface Found {
  readonly mutant: Mutant;
  /** The first seed that showed it, and what was seen; none where no seed did, or the code has changed. */
  readonly seed: number | undefined;
  readonly line: string;
  /** Simulated hours up to then. */
  readonly hours: number;
}

const NODES = { store: "jetstream", nodes: 3 } as const;

/** All of them. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "behind a refusal, the client sends only what was refused again",
    file: "src/client/outbox.ts",
    changes: [[
      "this.#queue = [...again, ...this.#unsent()];",
      "this.#queue = [refused, ...this.#unsent()];",
    ]],
  },
  {
    name: "a message that the store has refused keeps its number",
    file: "src/store/sqlite/store.ts",
    changes: [["if (write.last !== undefined) write.last.accepted = write.last.stored;", ""]],
    store: "sqlite",
  },
  {
    name: "an acknowledgement comes without a commit",
    file: "src/store/sqlite/file/database.ts",
    changes: [[
      'if (this.#db.isTransaction) this.run("ROLLBACK");\n      throw error;',
      'if (this.#db.isTransaction) this.run("ROLLBACK");',
    ]],
    store: "sqlite",
  },
  {
    name: "members are not written to the file",
    file: "src/store/sqlite/room.ts",
    changes: [['if ("event" in draft) this.#follow(draft);', ""]],
    store: "sqlite",
  },
  {
    name: "a repeated message is stored again",
    file: "src/store/memory.ts",
    changes: [[
      'if (place === "repeat") return',
      'if (place === "repeat" && window.seqOf(n) < 0) return',
    ]],
  },
  {
    name: "a session that comes back does not end its earlier connection",
    file: "src/core/hub.ts",
    changes: [[
      "effects.push(sessionTaken(earlier.peer), ...this.#departures.cutOff(earlier, t));",
      "earlier.detach(earlier.peer, t.now);",
    ]],
  },
  {
    name: "a cursor skips what did not fit into a frame",
    file: "src/server/connections/pump.ts",
    changes: [["member.cursor = batch.upTo;", "member.cursor = room.log.head;"]],
  },
  {
    name: "a gap is not told",
    file: "src/server/connections/pump.ts",
    changes: [[
      'return send(outlet, encodeFrame({ event: "gap", room_id: room.id, ...gap }));',
      "return gap.from_seq * 0;",
    ]],
  },
  {
    name: "the pump forgets a full socket",
    file: "src/server/connections/pump.ts",
    changes: [["this.#full.set(connection, Promise.withResolvers());", "return;"]],
  },
  {
    name: "no socket is ever full",
    file: "src/server/connections/connection.ts",
    changes: [[
      "this.#socket.bufferedAmount > this.#options.limits.highWaterBytes",
      "this.#socket.bufferedAmount > 1e12",
    ]],
  },
  {
    name: "places are kept for a tenth of the grace period",
    file: "src/core/grace_period.ts",
    changes: [[
      "member.awayUntil = now + this.#options.graceMs;",
      "member.awayUntil = now + this.#options.graceMs / 10;",
    ]],
  },
  {
    name: "the client that has gone stays in the list of members",
    file: "src/core/handover.ts",
    changes: [[
      'return presenceEntry("leave", { room, person: { id, name: known.name } }, t);',
      "return [];",
    ]],
    store: "sqlite",
  },
  {
    name: "a connection that was cut is not departed from",
    file: "src/core/hub.ts",
    changes: [[
      "return [...this.#departures.cutOff(session, t), ...this.#departures.shed(t)];",
      "return [];",
    ]],
  },
  {
    name: "another name is not in the list of members",
    file: "src/protocol/roster.ts",
    changes: [["...described({ ...known, ...entry }),", "...described({ ...entry, ...known }),"]],
  },
  {
    name: "the client takes the message of another for its own",
    file: "client.ts",
    changes: [[
      "if (from === this.#clientId) this.#sender.acknowledge(n, { seq });",
      "if (n > 0) this.#sender.acknowledge(n, { seq });",
    ]],
  },
  {
    name: "behind a gap, the client does not ask what became of its messages",
    file: "src/client/outbox.ts",
    changes: [[
      "this.#queue = [...this.#numbered.values(), ...this.#unsent()];",
      "this.#queue = this.#unsent();",
    ]],
  },
  {
    name: "the heart of a connection that has ended goes on beating",
    file: "src/client/connection.ts",
    changes: [["clearInterval(this.#heart);", ""]],
  },
  {
    name: "the log of a room has no bound",
    file: "src/core/log/log.ts",
    changes: [["while (this.#size > logEntries) this.#drop();", ""]],
  },
  {
    name: "a page of history lacks an entry",
    file: "src/core/log/log.ts",
    changes: [["if (isOlder) entries.reverse();", "if (isOlder) entries.reverse().splice(1, 1);"]],
  },
  {
    name: "pages do not have the new text of a message",
    file: "src/core/log/message_fold.ts",
    changes: [[
      "if (edit !== undefined) state.edits.push(seq);",
      "if (edit !== undefined) state.seq++;",
    ]],
  },
  {
    name: "who may read only can write",
    file: "src/core/authority/verdict.ts",
    changes: [[
      'if (!("event" in draft)) return lacks("send");',
      'if (!("event" in draft)) return;',
    ]],
  },
  {
    name: "one more than it is for comes in by a link",
    file: "src/core/authority/link_list.ts",
    changes: [["used[name]! >= counts[name]!", "used[name]! > counts[name]!"]],
  },
  {
    name: "a read marker goes back",
    file: "src/core/state/markers.ts",
    changes: [["known?.epoch === marker.epoch && known.seq >= marker.seq", "known === marker"]],
  },
  {
    name: "what was redacted stays in the log",
    file: "src/core/log/logged_states.ts",
    changes: [["this.#log.redact(redacted);", "redacted;"]],
  },
  {
    name: "what remains of a message does not fall off the log",
    file: "src/store/jetstream/pages.ts",
    changes: [[
      "return Math.min(read[0]?.seq ?? Infinity, tail);",
      "return 0 * tail * read.length;",
    ]],
    store: "jetstream",
  },
  {
    name: "a client that has moved to another node keeps its connection here",
    file: "src/core/handover.ts",
    changes: [["effects.push(mayBeHere ? sessionDoubted(peer) : sessionTaken(peer));", "{}"]],
    ...NODES,
  },
  {
    name: "two nodes tell the presence of a client that has moved",
    file: "src/core/handover.ts",
    changes: [[
      "departures.part(session, member, t);",
      "effects.push(...departures.leave(session, member, t));",
    ]],
    ...NODES,
  },
  {
    name: "the lease of a node is shorter than the time between its words",
    file: "src/store/cluster/failure_detector.ts",
    changes: [[">= this.#times.leaseMs", ">= this.#times.leaseMs / 10"]],
    ...NODES,
  },
  {
    name: "a node does not look for entries that it did not hear",
    file: "src/store/jetstream/room.ts",
    changes: [[
      "if (message.before > this.log.head || this.#continuity.isBehind(message)) return false;",
      "",
    ]],
    ...NODES,
  },
  {
    // No story has shown this one so far.
    name: "what is in doubt counts as stored",
    file: "src/core/state/sessions.ts",
    changes: [["this.n = Math.min(this.n, n ?? 0);", ""]],
    ...NODES,
  },
  {
    name: "a client of another node may begin with any number, behind a refusal too",
    file: "src/core/state/sessions.ts",
    changes: [
      [
        "if (place instanceof ChatError) throw place;",
        "if (place instanceof ChatError && this.n > 0) throw place;",
      ],
      ["if (!(first <= this.n + 1)) {", "if (first < 0) {"],
    ],
    ...NODES,
  },
];

/** The parts of the project that stories need. */
const PARTS = ["src", "tests/simulation", "tests/chaos", "tests/support", "tools", "vendor"];

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Looks for a mutant in stories from a seed on, at most `most`; the code is left as it is. */
export async function hunt(mutant: Mutant, seed: number, most: number): Promise<Found> {
  const folder = await Deno.makeTempDir();
  try {
    for (const part of PARTS) await copy(`${ROOT}${part}`, `${folder}/${part}`);
    for (const file of ["client.ts", "deno.json"]) {
      await Deno.copyFile(`${ROOT}${file}`, `${folder}/${file}`);
    }
    const path = `${folder}/${mutant.file}`;
    let text = await Deno.readTextFile(path);
    for (const [from, to] of mutant.changes) {
      if (text.split(from).length !== 2) {
        return { mutant, seed: undefined, line: `${mutant.file} has changed: ${from}`, hours: 0 };
      }
      text = text.replace(from, () => to);
    }
    await Deno.writeTextFile(path, text);
    const { store = "memory", nodes = 1 } = mutant;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--quiet", "--no-check", "tools/simulate.ts", "--first"],
        ...["--seed", `${seed}`, "--seeds", `${most}`, "--store", store, "--nodes", `${nodes}`],
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    const output = new TextDecoder().decode(stdout);
    const [, found] = output.match(/^seed (\d+):/m) ?? [];
    const [, seconds = "0"] = output.match(/: (\d+) s in /) ?? [];
    const line = output.split("\n")[0] || new TextDecoder().decode(stderr).split("\n")[0]!;
    return {
      mutant,
      seed: found === undefined ? undefined : Number(found),
      line,
      hours: Number(seconds) / 3_600,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
