import { assertEquals } from "@std/assert";
import { ChatClient } from "../../client.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { workingNode } from "../support/node.ts";

Deno.test({
  name: "a page that is loaded again goes on at another node as the same client",
  ...NEEDS_NATS,
  async fn() {
    await using nats = await NatsServer.start();
    const cluster = { hosts: nats.host, name: "pages" };
    await using a = await workingNode(cluster);
    await using b = await workingNode(cluster);
    const before = new ChatClient(a.url, { name: "Page" });
    await before.connect();
    const room = await before.createRoom("Lobby");
    const places = [await room.send("one"), await room.send("two")];
    const { session = null, clientId } = before;
    await using after = new ChatClient(b.url, { session });
    await after.connect();
    assertEquals([after.clientId, after.status], [clientId, {
      type: "connected",
      resumed: true,
      stored: 2,
    }]);
    const again = await after.joinRoom(room.id, { last: 10 });
    places.push(await again.send("three"), await again.send("four"));
    const heard: [string, number, boolean][] = [];
    for await (const { body, seq, own } of again) {
      if (heard.push([body, seq, own]) === places.length) break;
    }
    const bodies = ["one", "two", "three", "four"];
    assertEquals(
      heard,
      bodies.map((body, i): [string, number, boolean] => [body, places[i]!.seq!, true]),
    );
    await before.close();
  },
});
