import { assertEquals } from "@std/assert";
import { SqliteFile } from "../../../../src/store/sqlite/file/file.ts";
import { tempFolder } from "../../../support/temp_folder.ts";

const folder = tempFolder();
const somewhere = () => `${folder}/${crypto.randomUUID()}`;

Deno.test("a key is made once", () => {
  const path = somewhere();
  let made = 0;
  const read = () => {
    const file = new SqliteFile(path);
    const key = file.key("sessions", () => new Uint8Array([++made]));
    file.close();
    return [...key];
  };
  assertEquals([read(), read()], [[1], [1]]);
});

Deno.test("a name is kept whole, whatever is in it", () => {
  const path = somewhere();
  const name = "a\0b\u{1f600}";
  let file = new SqliteFile(path);
  const { key } = file.addRoom("a", name, "e");
  file.setMember(key, { client_id: "ana", name });
  file.setClient("ana", name, 0);
  file.close();
  file = new SqliteFile(path);
  assertEquals(file.room("a")?.name, name);
  assertEquals([file.members(key)[0]?.name, file.member(key, "ana")?.name], [name, name]);
  assertEquals(file.clients()[0]?.name, name);
  file.close();
});

Deno.test("oldUpTo() stops at the first entry that is not too old, whatever those behind it say", () => {
  const file = new SqliteFile(somewhere());
  const { key } = file.addRoom("a", "Lobby", "e");
  for (const [i, at] of [10, 20, 90, 5, 6].entries()) file.addEntry(key, i + 1, at, "ana", 0, "x}");
  assertEquals([5, 15, 50, 100].map((time) => file.oldUpTo(key, time, 10)), [0, 1, 2, 5]);
  assertEquals(file.oldUpTo(key, 100, 4), 4);
  file.close();
});
