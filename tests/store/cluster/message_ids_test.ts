import { assertEquals } from "@std/assert";
import { idOf, messageOf } from "../../../src/store/cluster/message_ids.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

pure(
  "the id of a message names its author and its number, and another one behind a void message",
  () => {
    const draft = messageDraft("ana", 7);
    assertEquals([idOf(draft), idOf(draft, 31)], ["ana.7", "ana.7~31"]);
    for (const id of ["ana.7", "ana.7~31"]) assertEquals(messageOf(id), { from: "ana", n: 7 });
  },
);

pure("the id of another entry names no number", () => {
  assertEquals(messageOf("ana.9node-3").n, NaN);
});
