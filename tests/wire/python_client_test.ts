import { assert, assertEquals } from "@std/assert";
import { ChatClient, SendError } from "../../client.ts";
import {
  Conversation,
  type PresentMessage,
  rooms,
} from "../../src/client/conversation/conversation.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { chance, SEED } from "../chaos/setting.ts";
import { FaultProxy } from "../chaos/fault_proxy.ts";
import { TestChat } from "../support/fixtures.ts";
import { PERMITTED, variable } from "../support/permissions.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { bounded, until } from "../support/waiting.ts";

/** Debian's own, which `python3-websockets` is for. */
const PYTHON = "/usr/bin/python3";
const PROGRAM = new URL("./python_client.py", import.meta.url).pathname;
const REACTIONS = ["👍", "+1", "🎉"];
const OPERATIONS = 60;
/** The operations before which all connections are cut. */
const CUTS = [10, 30, 50];

/** The messages as they are now, in the words of the Python client. */
function shown(messages: Iterable<PresentMessage>): Record<string, unknown> {
  return Object.fromEntries([...messages].map(({ seq, body, redacted, reactions, replies }) => {
    const counts = Object.fromEntries([...reactions].map(([name, { count }]) => [name, count]));
    return [seq, [body, redacted, counts, replies]];
  }));
}

/** Does something by chance, to a message of whomever; what is refused is refused. */
async function act(conversation: Conversation, random: () => number, word: string): Promise<void> {
  const held = [...conversation.messages.values()].slice(-20);
  const { seq } = held[Math.floor(random() * held.length)]!;
  const reaction = REACTIONS[Math.floor(random() * REACTIONS.length)]!;
  const roll = random();
  try {
    if (roll < 0.3) await conversation.room.send(word);
    else if (roll < 0.4) await conversation.room.send(word, { replyTo: seq });
    else if (roll < 0.6) await conversation.edit(seq, word);
    else if (roll < 0.7) await conversation.redact(seq);
    else if (roll < 0.9) await conversation.react(seq, reaction);
    else await conversation.unreact(seq, reaction);
  } catch (error) {
    if (!(error instanceof SendError) || error.mayBeStored) throw error;
  }
}

/** Says whether Python has the package; where `CI` is set it must. */
function hasWebsockets(): boolean {
  if (!PERMITTED) return false;
  if (variable("CI") !== undefined) return true;
  try {
    return new Deno.Command(PYTHON, { args: ["-c", "import websockets"] }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test({
  name: "a client in Python that follows PROTOCOL.md alone ends in the same state, over cuts",
  ignore: !hasWebsockets(),
  async fn() {
    const random = chance();
    await using server = new TestChat({
      authenticate: (_request, token) => token === undefined ? null : { sub: token },
      // Whoever was cut off for long, and pages, get more than is in memory.
      ...{ store: sqlite(`${tempFolder()}/python.db`), logEntries: 50, historyEntries: 10_000 },
    });
    await using proxy = await FaultProxy.to(server.host);
    await using chat = new ChatClient(proxy.url, { name: "Ana", token: "ana" });
    await chat.connect();
    const room = await chat.createRoom("Lobby");
    const conversation = new Conversation(room);
    let isPythonDone = false;
    const reading = (async () => {
      for await (const { event } of conversation.updates()) {
        if (event.type === "message" && event.body === "python is done") isPythonDone = true;
      }
    })();
    await room.send("the beginning");
    const args = [PROGRAM, proxy.url, room.id, "ana", `${SEED}`, `${OPERATIONS}`];
    const python = new Deno.Command(PYTHON, { args, stdout: "piped", stderr: "piped" }).spawn();
    const output = python.output();
    try {
      await until(() => room.members.size === 2, "Python does not come");
      for (let i = 0; i < OPERATIONS; i++) {
        if (CUTS.includes(i)) proxy.reset();
        await act(conversation, random, `ana ${i}`);
      }
      await until(() => isPythonDone, "Python does not end", { withinMs: 30_000 });
      await room.send("the end");
    } finally {
      if (!isPythonDone) python.kill("SIGKILL");
    }
    const { stdout, stderr } = await bounded(output, () => "Python does not end");
    assertEquals(new TextDecoder().decode(stderr), "");
    const state = JSON.parse(new TextDecoder().decode(stdout));
    const where = `seed ${SEED}`;
    const wanted = shown(conversation.messages.values());
    assertEquals(state.messages, wanted, where);
    assertEquals(state.paged, wanted, `in pages, ${where}`);
    assert(state.cuts > 0, where);
    // The two are one person: its marker is that of both.
    const [overview] = await rooms(chat);
    assertEquals(overview!.read, state.read, where);
    await chat.close();
    await reading;
  },
});
