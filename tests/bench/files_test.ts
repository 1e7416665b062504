import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CsvFile, DELIVERY_COLUMNS } from "../../bench/csv_files.ts";
import { parseLatencyFlags } from "../../bench/latency_flags.ts";
import { Sender } from "../../bench/senders.ts";
import { SCALE_SHAPES, shapesNamed } from "../../bench/shapes.ts";
import { UsageError } from "../../bench/usage_error.ts";
import "../support/ignore_unpermitted.ts";

Deno.test("rows are written below the columns that the issue asks for", async () => {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  const file = await CsvFile.create(path, DELIVERY_COLUMNS);
  const time = { send_time: "1.5", receive_time: "1.6", scheduled_time: "1.4" };
  file.add({ msg_id: "a-0", sender_id: "a", receiver_id: "b", ...time, latency_ms: "200", seq: 3 });
  await file.close();
  assertEquals(
    (await Deno.readTextFile(path)).split("\r\n"),
    [
      "msg_id,sender_id,receiver_id,send_time,receive_time,scheduled_time,latency_ms,seq",
      "a-0,a,b,1.5,1.6,1.4,200,3",
      "",
    ],
  );
  await Deno.remove(path);
});

Deno.test("a file without rows has its columns", async () => {
  const path = await Deno.makeTempFile({ suffix: ".csv" });
  await (await CsvFile.create(path, ["a", "b"])).close();
  assertEquals(await Deno.readTextFile(path), "a,b\r\n");
  await Deno.remove(path);
});

Deno.test("a file that cannot be made rejects", async () => {
  await assertRejects(() => CsvFile.create("/dev/null/none.csv", ["a"]));
});

function pure(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, permissions: "none", fn });
}

pure("nonsense on the command line is refused with the flag and the value", () => {
  const nonsense: [string[], string][] = [
    [["--clients", "1"], `--clients must be a whole number from 2 to 20000, not "1"`],
    [["--rate=-3"], `--rate must be a number from 0.01 to 10000, not "-3"`],
    [["--rate", "abc"], `--rate must be a number from 0.01 to 10000, not "abc"`],
    [["--duration", "1e3"], `--duration must be a number from 0.1 to 604800, not "1e3"`],
    [["--senders", "9"], "--senders must be at most 4, the members of a room, not 9"],
    [["--url", "ftp://x"], `--url must be a WebSocket URL, not "ftp://x"`],
    [["--nonsense"], `Unknown argument "--nonsense": see --help`],
    [["--rate", "0.1", "--duration", "1"], "--rate 0.1 and --duration 1 make no message at all"],
    [
      ["--rooms", "3"],
      "--clients must be at least twice --rooms, not 4 for 3: nobody would receive",
    ],
  ];
  for (const [args, message] of nonsense) {
    assertThrows(() => parseLatencyFlags(args), UsageError, message);
  }
  assertThrows(() => shapesNamed("fanout,none"), UsageError, `not "none"`);
});

pure("a sender keeps its order and its limit, and sends late what fell due meanwhile", async () => {
  const sent: number[] = [];
  const answers: (() => void)[] = [];
  const sender = new Sender(({ k }) => {
    sent.push(k);
    return new Promise((resolve) => answers.push(resolve));
  }, 2);
  for (let k = 0; k < 4; k++) sender.push({ sender: 0, k, atMs: k });
  assertEquals(sent, [0, 1]);
  answers[0]!();
  await Promise.resolve().then(() => {}).then(() => {});
  assertEquals([sent, sender.idle], [[0, 1, 2], false]);
});

pure(
  "shapes that grow have as many deliveries a second everywhere, and seats for different clients",
  () => {
    for (
      const { name, rooms, members, senders, clients = rooms * members, rate = 0 } of SCALE_SHAPES
    ) {
      assertEquals(Math.round(rooms * senders * rate * members), 20_000, name);
      // Places are dealt out in turn: as long as whole rooms fit, nobody is in one twice.
      assertEquals([clients % members, clients >= members], [0, true], name);
    }
    assertEquals(shapesNamed("rooms-1000", SCALE_SHAPES).map(({ rooms }) => rooms), [
      1_000,
      10_000,
    ]);
  },
);
