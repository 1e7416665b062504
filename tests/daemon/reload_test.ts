import { assertEquals } from "@std/assert";
import { type ReloadedPart, reloadedPart, Reloader } from "../../src/daemon/reload.ts";
import { pure } from "../support/pure.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";

function lines(log: LogLine[]): [string, unknown][] {
  return log.map(({ event, fields }) => [event, fields.what ?? fields.changed]);
}

pure("a part that will not do stays as it was, and the others change", async () => {
  const log: LogLine[] = [];
  let [origins, keys] = [["a"], "one"];
  let [ownOrigins, ownKeys] = [["a"], "one"];
  const reloader = new Reloader([
    reloadedPart("origins", ownOrigins, () => {
      if (origins.includes("broken")) throw new RangeError("Not an origin");
      return Promise.resolve(origins);
    }, (read) => void (ownOrigins = read)),
    reloadedPart("keys", ownKeys, () => Promise.resolve(keys), (read) => void (ownKeys = read)),
  ], recordingLogger(log));
  await reloader.reload();
  [origins, keys] = [["broken"], "two"];
  await reloader.reload();
  assertEquals([ownOrigins, ownKeys], [["a"], "two"]);
  origins = ["b"];
  await reloader.reload();
  assertEquals(ownOrigins, ["b"]);
  assertEquals(lines(log), [
    ["reloaded", "nothing"],
    ["not reloaded", "origins"],
    ["reloaded", "keys"],
    ["reloaded", "origins"],
  ]);
});

pure("what cannot be used is tried again at the next time", async () => {
  let [fails, used] = [true, ""];
  const part = reloadedPart("certificate", "one", () => Promise.resolve("two"), (read) => {
    if (fails) throw new Error("Cannot listen");
    used = read;
  });
  const log: LogLine[] = [];
  const reloader = new Reloader([part], recordingLogger(log));
  await reloader.reload();
  fails = false;
  await reloader.reload();
  assertEquals([used, lines(log)], ["two", [
    ["not reloaded", "certificate"],
    ["reloaded", "nothing"],
    ["reloaded", "certificate"],
  ]]);
});

pure("whoever asks while it reads gets one more reading, and no two at once", async () => {
  let [reads, now, most] = [0, 0, 0];
  const part: ReloadedPart = {
    name: "slow",
    async reload() {
      most = Math.max(most, ++now);
      await Promise.resolve();
      reads++;
      now--;
      return false;
    },
  };
  const reloader = new Reloader([part], recordingLogger([]));
  await Promise.all(Array.from({ length: 10 }, () => reloader.reload()));
  assertEquals([reads, most], [2, 1]);
});
