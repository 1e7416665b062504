import { assert, assertEquals } from "@std/assert";
import { mentions } from "../../../src/cli/words/mentions.ts";
import { pure } from "../../support/pure.ts";

pure("mentions() finds a name at the edges of words, in any case", () => {
  for (
    const text of ["Ana", "hey ana!", "@ANA: look", "(ana)", "banana, ana", "Ana's", "👋Ana👋"]
  ) {
    assert(mentions(text, "Ana"), text);
  }
  for (const text of ["", "banana", "Anabel", "an a", "ana2", "éana", "ana_"]) {
    assert(!mentions(text, "Ana"), text);
  }
});

pure(
  "mentions() takes composed and taken apart for the same, and any sign of a name as it is",
  () => {
    assert(mentions("Servus Jose\u0301!", "Jos\u00e9"));
    assert(!mentions("Jose\u0301", "Jose"));
    assert(mentions("ask C++ (x)", "C++ (x)"));
    assertEquals([mentions("a", ""), mentions("a", " ")], [false, false]);
  },
);
