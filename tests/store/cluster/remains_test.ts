import { assert, assertEquals } from "@std/assert";
import {
  encodeRemains,
  parseRemains,
  type Remain,
  withRemains,
} from "../../../src/store/cluster/remains.ts";
import { pure } from "../../support/pure.ts";

const remain = (seq: number, about = ""): Remain => ({
  seq,
  text: `"at":1,"from":"zoë","n":${seq},"body":""}`,
  about,
});

pure("what remains of entries is the same in a header, which is ASCII", () => {
  const remains = { edit: 9, left: [remain(3), remain(9, '"ana"'), remain(7, '"ana"')] };
  const header = encodeRemains({
    edit: 9,
    left: [remain(3), remain(7, '"ana"'), remain(9, '"ana"')],
  });
  assert(/^[ -~]+$/.test(header), header);
  assertEquals(parseRemains(header), remains);
  assertEquals(parseRemains(encodeRemains({ edit: 0, left: [remain(3)] })).left, [remain(3)]);
});

pure("a header has room for the message and its newest edits, however many there are", () => {
  const edits = Array.from({ length: 10_000 }, (_, i) => remain(i + 2, '"ana"'));
  const header = encodeRemains({ edit: 10_001, left: [remain(1), ...edits] });
  assert(header.length < 40_000, `${header.length}`);
  const { left } = parseRemains(header);
  assertEquals(left.slice(0, 2).map(({ seq }) => seq), [1, 10_001]);
  assert(left.length > 200, `${left.length}`);
});

pure("what remains of entries comes into the places of those that are not there", () => {
  const message = (seq: number, remains = "") => ({ seq, text: "{}", about: "", remains });
  const redaction = encodeRemains({ edit: 0, left: [remain(3), remain(4)] });
  const read = [message(1), message(4), message(6, redaction)];
  const left = ({ seq, text, about }: Remain) => ({ seq, text, about, remains: "" });
  const whole = withRemains(read, left);
  assertEquals(whole.map(({ seq }) => seq), [1, 3, 4, 6]);
  assertEquals([whole[1]!.text, whole[2]!.text], [remain(3).text, "{}"]);
  const plain = [message(1), message(2)];
  assert(withRemains(plain, left) === plain);
});
