import { assertEquals, assertMatch } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";
import { Talk } from "./talk.ts";

Deno.test("links let people in, are listed, and are ended", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  await using ben = await Talk.start(server, { name: "Ben" });
  const { roomId } = await ana.screen.saw("room");
  ana.screen.enter("/invite reader 2h 1");
  const { id, link, command, url } = await ana.screen.saw("invitation");
  assertEquals(command, `join ${roomId}.${link}`);
  assertEquals(url, `http://chat.example/#${roomId}.${link}`);
  ana.chat.request({ action: "room", body: { room_id: roomId, join: "link" } }, () => {});
  await ana.screen.saw("settings");
  ben.screen.enter(`/join ${roomId}`);
  assertMatch(String((await ben.screen.saw("error")).message), /does not exist/);
  ben.screen.enter(`/join ${url}`);
  assertEquals((await ben.screen.saw("room", 2)).roomId, roomId);
  await ben.screen.kept(/read only/);
  ana.screen.enter("/links", `/unlink ${id}`);
  const { links } = await ana.screen.saw("links");
  const [first] = links as { id: string; role: string; uses: number; used: number }[];
  const made = (links as { id: string }[]).find((one) => one.id === id);
  assertEquals([typeof first?.id, (made as typeof first)?.role, (made as typeof first)?.used], [
    "string",
    "reader",
    1,
  ]);
  const { links: left } = await ana.screen.saw("links", 2);
  assertEquals((left as { id: string }[]).some((one) => one.id === id), false);
});

Deno.test("a link is shown to people with how to use it, and never to the room", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server, { text: true });
  ana.screen.enter("/invite", "/links");
  await ana.screen.told(
    /In a browser: http:\/\/chat\.example\/#[\w.=%-]+\nIn a terminal: join [\w.=%-]+$/,
  );
  await ana.screen.told(/\. [\w-]+, (?:member|owner)/);
});
