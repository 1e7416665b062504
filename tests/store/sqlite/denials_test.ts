import { assertEquals } from "@std/assert";
import { forbidden } from "../../../src/core/authority/authority.ts";
import { Denials } from "../../../src/store/sqlite/denials.ts";
import { messageDraft, presenceDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

pure(
  "Denials deny what follows a denied message of the same client, with the number that is missing",
  () => {
    const denials = new Denials();
    const [first, second, other, earlier] = [
      messageDraft("ana", 3),
      messageDraft("ana", 4),
      messageDraft("ben", 3),
      messageDraft("ana", 2),
    ];
    denials.note(first, forbidden("No"));
    assertEquals([second, other, earlier].map((draft) => denials.follows(draft)), [
      true,
      false,
      false,
    ]);
    assertEquals([first, second, other].map((draft) => denials.of(draft)?.code), [
      "forbidden",
      "out_of_order",
      undefined,
    ]);
  },
);

pure("Denials answer a repeat of a denied message as they did the first", () => {
  const denials = new Denials();
  const again = messageDraft("ana", 3);
  denials.note(messageDraft("ana", 3), forbidden("No"));
  assertEquals([denials.follows(again), denials.of(again)?.message], [true, "No"]);
});

pure("Denials of presence leave messages alone", () => {
  const denials = new Denials();
  denials.note(presenceDraft("join", "ana"), forbidden("No"));
  assertEquals(denials.follows(messageDraft("ana", 1)), false);
});
