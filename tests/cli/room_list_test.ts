import { assertEquals, assertThrows } from "@std/assert";
import { RoomList } from "../../src/cli/room_list.ts";
import type { RoomView } from "../../src/cli/room_view.ts";
import { pure } from "../support/pure.ts";

function view(id: string, name: string): RoomView {
  return { room: { id, name }, unread: 0, mentioned: 0 } as RoomView;
}

pure("a room is found by its number, its id, or how its name begins", () => {
  const list = new RoomList();
  const [lobby, kitchen, kitchenette] = [
    view("ab-cd", "Lobby"),
    view("ef-gh", "Kitchen"),
    view("ij-kl", "Kitchenette"),
  ];
  for (const one of [lobby, kitchen, kitchenette]) list.add(one!);
  assertEquals(list.find("1"), lobby!);
  assertEquals(list.find("EF-gh"), kitchen!);
  assertEquals(list.find("kitchen"), kitchen!);
  assertEquals(list.find("lo"), lobby!);
  assertThrows(() => list.find("kit"), Error, "More than one");
  for (const text of ["0", "4", "x", "\x1b"]) assertThrows(() => list.find(text), Error, "no room");
  assertEquals(list.current, kitchenette!);
  list.remove(kitchenette!);
  assertEquals([list.current, list.numberOf(kitchen!), list.views.length], [undefined, 2, 2]);
});
