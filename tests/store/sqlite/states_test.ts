import { assert, assertEquals } from "@std/assert";
import { StoreBench } from "../../../src/store/suite/bench.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { sqlite } from "../../../src/store/sqlite/sqlite.ts";
import { PERMITTED } from "../../support/permissions.ts";
import { tempFolder } from "../../support/temp_folder.ts";
import { until } from "../../support/waiting.ts";

const folder = tempFolder();

/** The bytes of a database and its write-ahead log, as characters. */
function bytesOf(path: string): string {
  const texts = ["", "-wal"].map((part) => Deno.readFileSync(`${path}${part}`));
  return texts.map((bytes) => new TextDecoder("latin1").decode(bytes)).join();
}

Deno.test({
  name: "redacted text is nowhere in the file a moment later, while the store is in use",
  ignore: !PERMITTED,
  async fn() {
    const path = `${folder}/chat.db`;
    await using bench = new StoreBench(sqlite(path));
    const rooms = ["a", "b", "c"];
    for (const room of rooms) await bench.store.create(room, "Lobby");
    const heads = new Map(rooms.map((room) => [room, 0]));
    const secrets: string[] = [];
    let n = 0;
    for (let i = 0; i < 600; i++) {
      const room = rooms[i * 7 % 11 % 3]!;
      const isSecret = i % 5 === 0;
      const body = `${isSecret ? "SECRET" : "word"}${i}.${"x".repeat(i * 37 % 400)}`;
      bench.store.append(room, messageDraft("ana", ++n, body));
      const re = heads.get(room)! + 1;
      heads.set(room, re);
      if (isSecret) {
        const change = { at: 1, from: "ana", name: undefined, re };
        secrets.push(`SECRET${i}.`, `EDITED${i}.`);
        bench.store.append(room, { ...change, n: ++n, edit: `EDITED${i}.` });
        if (i % 10 === 0) await bench.reported(n);
        bench.store.append(room, { ...change, n: ++n, redact: true });
        heads.set(room, re + 2);
      }
      if (i % 20 === 19) await bench.reported(n);
    }
    await bench.reported(n);
    const left = () => secrets.filter((secret) => bytesOf(path).includes(secret));
    await until(() => left().length === 0, () => `${left().length} of ${secrets.length} are left`);
    assert(bytesOf(path).includes("word599."));
    assertEquals(secrets.length, 240);
  },
});
