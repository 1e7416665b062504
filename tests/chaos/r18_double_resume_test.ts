import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Entry } from "../../src/protocol/frames.ts";
import { type RawSocket, TestChat } from "../support/fixtures.ts";
import { chance, report, setting } from "./setting.ts";

const ROUNDS = setting(50, 1_000);

/** Everything that still comes, until the connection is closed by the server. */
async function rest(socket: RawSocket): Promise<string> {
  let text = "";
  try {
    for (;;) text += await socket.nextText();
  } catch {
    return text;
  }
}

Deno.test("R18 a session that is resumed twice has one owner, and the other gets nothing", async () => {
  await using server = new TestChat({ rate: 0, logEntries: 100_000 });
  const { host, roomId, made } = await server.host1();
  await using _host = host;
  const random = chance();
  let owner = await server.v1();
  const session = String(owner.welcome.session);
  const counts = { "owners at once": 1, "cross-deliveries": 0, "numbers lost": 0 };
  let after = Number(made.seq);
  for (let round = 1; round <= ROUNDS; round++) {
    // Two tabs come with the same session in the same moment, while the old one may live on.
    if (random() < 0.5) await owner.close();
    const tabs = await Promise.all([server.v1({ session }), server.v1({ session })]);
    const answers = await Promise.allSettled(
      tabs.map((tab) =>
        tab.ask({ action: "join", body: { room_id: roomId, epoch: made.epoch, after }, ref: 1 })
      ),
    );
    const alive = answers.findLastIndex((answer) =>
      answer.status === "fulfilled" && answer.value.status === "success"
    );
    const [winner, loser] = [tabs[alive]!, tabs[1 - alive]!];
    const body = `round ${round}`;
    host.send({ action: "message", room_id: roomId, body });
    winner.send({ action: "message", room_id: roomId, n: round, body: `from ${body}` });
    const words = new Set<string>();
    while (words.size < 2) {
      const frame = await winner.next();
      for (const entry of (frame.entries ?? []) as Entry[]) {
        after = entry.seq;
        if ("body" in entry) words.add(entry.body);
        if ("n" in entry && entry.from === winner.id && entry.n !== round) counts["numbers lost"]++;
      }
    }
    assertEquals([...words].sort(), [`from ${body}`, body]);
    const heard = await rest(loser);
    if (heard.includes(body)) counts["cross-deliveries"]++;
    // The runtime loses the code of a close that crosses something on its way: the last frame has it.
    const last = `${JSON.stringify(answers[1 - alive])} ${heard}`;
    assertStringIncludes(last, '"event":"goodbye","code":4500');
    assert([4500, 0].includes((await loser.closed()).code));
    await assertRejects(() => loser.next());
    owner = winner;
  }
  await owner.close(1000);
  report("R18", `${ROUNDS} double resumes of one session`, counts);
  assertEquals(counts, { "owners at once": 1, "cross-deliveries": 0, "numbers lost": 0 });
});
