// Many connections that do what a script says: the attackers, and the members of the attacked room.
//
//   peers PORT SEED < script
//
// A script is made by script.ts, which says what each line means; it ends with the line "go". Prints
// "ready" when every peer that has a line "ready" has come to it, or is lost. For each further line of
// input, and at its end, it prints one line of JSON for each group: what was sent, received and
// counted, and how many peers were not lost.
#include <signal.h>

#include <deque>
#include <iostream>
#include <map>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

#include "wire.hpp"

using std::string;
using std::string_view;
using wire::Wire;

// How many handshakes may be on their way, of peers that say "open": more would wait in the kernel.
const int MOST_OPENING = 128;
// How many lines a peer may do before others have their turn.
const int LINES_A_TURN = 64;
// How many connections are kept that were abandoned: there are only so many files.
const size_t MOST_ABANDONED = 5'000;
// How long a server may take to answer a handshake.
const int64_t OPEN_WITHIN = wire::ms(5'000);

struct Line {
  string op, text, label, name;
  double number = 0;
  bool constant = true;
  size_t jump = 0;
};

struct Group {
  string name, dialect, address;
  int count = 0;
  // Milliseconds after which a peer that is lost begins again; below 0, it does not.
  double again = -1;
  bool has_ready = false;
  std::vector<Line> lines;
  std::map<string, long> counts;
  uint64_t frames = 0;
};

// What a peer waits for.
enum class Wait { TURN, UPGRADE, WORD, TIME, OUTPUT, PLACE, END };

struct Peer : Wire {
  Group* group = nullptr;
  int index = 0;
  string address;
  size_t line = 0;
  std::vector<long> loops;
  std::map<string, string> variables;
  Wait wait = Wait::TURN;
  // Grows with each wait, so that timers of earlier ones are known to be late.
  uint32_t life = 0;
  uint32_t watched = 0;
  bool muted = false, ready = false, opening = false, dead = false;
  int64_t schedule = 0;
  size_t filling = 0;
  int buffer = 0;
  string closed;
  // The frame that came with the answer to the handshake: plain clients are spoken to first.
  string greeting;
};

static int port, epoll, opening = 0;
static uint64_t chance;
static long counter = 0, ready = 0, awaited = 0;
static std::deque<Group> groups;
static std::deque<Peer> peers;
static std::deque<Peer*> turns, places;
// Connections that nobody reads, answers or ends.
static std::deque<int> abandoned;
// What all peers know: variables whose name begins with "@". One that nobody has heard yet is "?".
static std::map<string, string> shared;
using Timer = std::tuple<int64_t, size_t, uint32_t>;
static std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers;

static uint64_t random_number() {
  chance ^= chance << 13;
  chance ^= chance >> 7;
  chance ^= chance << 17;
  return chance;
}

// A room id that was never given.
static string random_room() {
  string id;
  for (int i = 0; i < 16; i++) {
    if (i > 0 && i % 4 == 0) id += '-';
    id += "0123456789abcdefghjkmnpqrstvwxyz"[random_number() % 32];
  }
  return id;
}

static string& variable(Peer& peer, const string& name) {
  return name.starts_with('@') ? shared.try_emplace(name, "?").first->second : peer.variables[name];
}

static string filled(Peer& peer, const string& text) {
  string result;
  for (size_t at = 0;;) {
    size_t open = text.find("{{", at), end = text.find("}}", open);
    if (open == string::npos || end == string::npos) return result.append(text, at);
    result.append(text, at, open - at);
    string name = text.substr(open + 2, end - open - 2);
    if (name == "i") result += std::to_string(peer.index);
    else if (name == "count") result += std::to_string(++counter);
    else if (name == "room_id") result += random_room();
    else result += variable(peer, name);
    at = end + 2;
  }
}

static void set_wait(Peer& peer, Wait wait, int64_t due = 0) {
  peer.wait = wait;
  peer.life++;
  if (wait == Wait::TURN) turns.push_back(&peer);
  if (due > 0) timers.push({due, static_cast<size_t>(peer.index), peer.life});
}

static void watch(Peer& peer) {
  if (peer.fd < 0) return;
  const bool writes = !peer.out.empty() || peer.filling > 0;
  uint32_t events = (peer.muted ? 0u : EPOLLIN) | (writes ? EPOLLOUT : 0u);
  if (events == peer.watched) return;
  epoll_event event{events, {.ptr = &peer}};
  epoll_ctl(epoll, EPOLL_CTL_MOD, peer.fd, &event);
  peer.watched = events;
}

static void opened(Peer& peer) {
  if (!peer.opening) return;
  peer.opening = false;
  opening--;
  if (places.empty()) return;
  Peer* next = places.front();
  places.pop_front();
  set_wait(*next, Wait::TURN);
}

static void drop(Peer& peer, bool with_reset) {
  opened(peer);
  if (peer.fd >= 0) with_reset ? wire::reset(peer.fd) : void(close(peer.fd));
  peer.fd = -1;
  peer.in.clear();
  peer.out.clear();
  peer.upgraded = peer.muted = false;
  peer.refused = 0;
  peer.filling = 0;
  peer.closed.clear();
  peer.greeting.clear();
}

static void be_ready(Peer& peer) {
  if (peer.ready || !peer.group->has_ready) return;
  peer.ready = true;
  if (++ready == awaited) std::cout << "ready" << std::endl;
}

// The connection has ended otherwise than the script wanted.
static void lose(Peer& peer, const string& what) {
  peer.group->counts[what]++;
  drop(peer, false);
  peer.line = 0;
  peer.loops.clear();
  if (peer.group->again >= 0) {
    set_wait(peer, Wait::TIME, wire::now() + wire::ms(peer.group->again));
    return;
  }
  peer.dead = true;
  set_wait(peer, Wait::END);
  be_ready(peer);
}

static bool dial(Peer& peer) {
  drop(peer, false);
  peer.raw = peer.group->dialect == "raw";
  peer.fd = wire::dial(peer.address, port, peer.buffer);
  if (peer.fd < 0) return false;
  peer.watched = EPOLLIN;
  epoll_event event{EPOLLIN, {.ptr = &peer}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, peer.fd, &event);
  return true;
}

static bool push(Peer& peer) {
  static const string block(65'536, '[');
  for (;;) {
    if (!peer.flush()) return false;
    if (!peer.out.empty() || peer.filling == 0) return true;
    size_t part = std::min(peer.filling, block.size());
    peer.out.assign(block, 0, part);
    peer.filling -= part;
  }
}

// Goes on where a peer waits for what is in a frame.
static void look_in(Peer& peer, string_view payload) {
  const Line& line = peer.group->lines[peer.line - 1];
  size_t at = payload.find(line.constant ? line.text : filled(peer, line.text));
  if (at == string_view::npos) return;
  if (!line.name.empty()) {
    at += line.text.size();
    variable(peer, filled(peer, line.name)) = payload.substr(at, payload.find('"', at) - at);
  }
  set_wait(peer, Wait::TURN);
}

// Does one line; returns whether the peer can go on with the next.
static bool step(Peer& peer) {
  const Line& line = peer.group->lines[peer.line++];
  const string& op = line.op;
  if (op == "send" || op == "raw" || op == "fill") {
    if (peer.fd < 0) return lose(peer, "said without a connection"), false;
    if (op == "fill") peer.filling = static_cast<size_t>(line.number);
    else if (op == "raw" || line.constant) peer.out += line.text;
    else wire::append_frame(peer.out, wire::TEXT, filled(peer, line.text));
    if (!push(peer)) return lose(peer, "cut"), false;
    watch(peer);
    if (peer.out.empty()) return true;
    set_wait(peer, Wait::OUTPUT);
    return false;
  }
  if (op == "open") {
    if (opening >= MOST_OPENING) {
      peer.line--;
      places.push_back(&peer);
      set_wait(peer, Wait::PLACE);
      return false;
    }
    if (!dial(peer)) return lose(peer, "no connection"), false;
    peer.opening = true;
    opening++;
    peer.out = wire::upgrade_request(port, peer.group->dialect == "v1");
    watch(peer);
    set_wait(peer, Wait::UPGRADE, wire::now() + OPEN_WITHIN);
    return false;
  }
  if (op == "dial") {
    if (!dial(peer)) return lose(peer, "no connection"), false;
  } else if (op == "buffer") {
    peer.buffer = static_cast<int>(line.number);
  } else if (op == "expect") {
    set_wait(peer, Wait::WORD, wire::now() + wire::ms(line.number));
    if (!peer.greeting.empty()) look_in(peer, std::exchange(peer.greeting, {}));
    return false;
  } else if (op == "wait") {
    set_wait(peer, Wait::TIME, wire::now() + wire::ms(line.number));
    return false;
  } else if (op == "every") {
    const int64_t now = wire::now(), period = wire::ms(line.number);
    // Peers of a group begin one after the other, as people do.
    if (peer.schedule == 0) peer.schedule = now + period * (peer.index % peer.group->count) / peer.group->count;
    else peer.schedule = std::max(peer.schedule + period, now - period);
    if (peer.schedule <= now) return true;
    set_wait(peer, Wait::TIME, peer.schedule);
    return false;
  } else if (op == "together") {
    const int64_t period = wire::ms(line.number);
    set_wait(peer, Wait::TIME, (wire::now() / period + 1) * period);
    return false;
  } else if (op == "mute") {
    peer.muted = true;
    watch(peer);
  } else if (op == "sip") {
    if (peer.fd >= 0 && !peer.receive([](auto, auto) {}, static_cast<size_t>(line.number))) {
      return lose(peer, "cut"), false;
    }
  } else if (op == "abandon") {
    epoll_ctl(epoll, EPOLL_CTL_DEL, peer.fd, nullptr);
    abandoned.push_back(peer.fd);
    peer.fd = -1;
    if (abandoned.size() > MOST_ABANDONED) {
      close(abandoned.front());
      abandoned.pop_front();
    }
    drop(peer, false);
  } else if (op == "reset" || op == "hangup") {
    drop(peer, op == "reset");
  } else if (op == "close") {
    const int code = static_cast<int>(line.number);
    const char bytes[2] = {static_cast<char>(code >> 8), static_cast<char>(code)};
    wire::append_frame(peer.out, wire::CLOSE, string_view(bytes, 2));
    push(peer);
    drop(peer, false);
  } else if (op == "repeat" || op == "forever") {
    peer.loops.push_back(op == "forever" ? -1 : static_cast<long>(line.number));
  } else if (op == "end") {
    long& left = peer.loops.back();
    if (left > 0) left--;
    if (left != 0) peer.line = line.jump;
    else peer.loops.pop_back();
  } else if (op == "ready") {
    be_ready(peer);
  } else if (op == "count") {
    peer.group->counts[line.text]++;
  } else if (op == "set") {
    variable(peer, filled(peer, line.name)) = filled(peer, line.text);
  } else {
    wire::fail("Unknown line: " + op);
  }
  return true;
}

static void run(Peer& peer) {
  for (int i = 0; i < LINES_A_TURN; i++) {
    if (peer.line == peer.group->lines.size()) return set_wait(peer, Wait::END);
    if (!step(peer)) return;
  }
  set_wait(peer, Wait::TURN);
}

static void on_frame(Peer& peer, wire::Opcode opcode, string_view payload) {
  peer.group->frames++;
  if (opcode == wire::PING) return wire::append_frame(peer.out, wire::PONG, payload);
  if (opcode == wire::CLOSE) {
    int code = payload.size() < 2 ? 1005 : (payload[0] & 255) << 8 | (payload[1] & 255);
    peer.closed = "closed " + std::to_string(code);
    return;
  }
  if (payload.size() < 64 && payload.find("\"event\":\"ping\"") != string_view::npos) {
    return wire::append_frame(peer.out, wire::TEXT, "{\"action\":\"pong\"}");
  }
  if (peer.wait == Wait::UPGRADE) peer.greeting = payload;
  if (peer.wait == Wait::WORD) look_in(peer, payload);
}

static void on_event(Peer& peer, uint32_t events) {
  if (peer.fd < 0) return;
  if (events & EPOLLOUT && !push(peer)) return lose(peer, "cut");
  if (peer.wait == Wait::OUTPUT && peer.out.empty() && peer.filling == 0) set_wait(peer, Wait::TURN);
  bool stands = !(peer.muted && events & (EPOLLHUP | EPOLLERR));
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !peer.muted) {
    stands = peer.receive([&](auto opcode, auto payload) { on_frame(peer, opcode, payload); });
  }
  if (!peer.closed.empty()) return lose(peer, string(peer.closed));
  if (peer.refused != 0) return lose(peer, "refused " + std::to_string(peer.refused));
  if (!stands) return lose(peer, "cut");
  if (peer.wait == Wait::UPGRADE && peer.upgraded) {
    opened(peer);
    peer.group->counts["opened"]++;
    set_wait(peer, Wait::TURN);
  }
  if (!push(peer)) return lose(peer, "cut");
  watch(peer);
}

static void on_timer(Peer& peer) {
  if (peer.wait == Wait::UPGRADE) return lose(peer, "no handshake");
  if (peer.wait == Wait::WORD) return lose(peer, peer.group->lines[peer.line - 1].label);
  set_wait(peer, Wait::TURN);
}

// Cuts the next word off the front.
static string word(string_view& rest) {
  size_t end = std::min(rest.find(' '), rest.size());
  string result(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return result;
}

static string unhex(string_view hex) {
  string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(strtol(string(hex.substr(i, 2)).c_str(), nullptr, 16)));
  }
  return bytes;
}

static void read_line(string_view rest, std::vector<size_t>& loops) {
  string op = word(rest);
  if (op == "peers") {
    Group& group = groups.emplace_back();
    group.name = word(rest);
    group.count = std::stoi(word(rest));
    group.dialect = word(rest);
    group.address = word(rest);
    group.again = std::stod(word(rest));
    return;
  }
  Group& group = groups.back();
  Line line;
  line.op = op;
  if (op == "expect") {
    line.number = std::stod(word(rest));
    line.label = word(rest);
    for (char& c : line.label) if (c == '_') c = ' ';
    line.name = word(rest);
    if (line.name == "-") line.name.clear();
  } else if (op == "set") {
    line.name = word(rest);
  } else if (op != "send" && op != "raw" && op != "count" && !rest.empty()) {
    line.number = std::stod(string(rest));
  }
  line.text = op == "raw" ? unhex(rest) : string(rest);
  line.constant = line.text.find("{{") == string::npos;
  if (op == "send" && line.constant) {
    string framed;
    wire::append_frame(framed, wire::TEXT, line.text);
    line.text = framed;
  }
  if (op == "repeat" || op == "forever") loops.push_back(group.lines.size() + 1);
  if (op == "end") {
    line.jump = loops.back();
    loops.pop_back();
  }
  group.has_ready |= op == "ready";
  group.lines.push_back(std::move(line));
}

// "127.1.*" gives each peer an address of its own, for up to 200 × 200 of them.
static string address_of(const Group& group, int index) {
  if (group.address.back() != '*') return group.address;
  const string prefix = group.address.substr(0, group.address.size() - 1);
  return prefix + std::to_string(1 + index / 200 % 200) + "." + std::to_string(1 + index % 200);
}

static void tell() {
  for (Group& group : groups) {
    uint64_t sent = 0, received = 0;
    long standing = 0;
    for (Peer& peer : peers) {
      if (peer.group != &group) continue;
      sent += peer.sent, received += peer.received, standing += !peer.dead;
    }
    printf("{\"name\":\"%s\",\"sent\":%lu,\"received\":%lu,\"frames\":%lu,\"standing\":%ld,\"counts\":{",
           group.name.c_str(), sent, received, group.frames, standing);
    const char* comma = "";
    for (auto& [what, times] : group.counts) {
      printf("%s\"%s\":%ld", comma, what.c_str(), times);
      comma = ",";
    }
    printf("}}\n");
  }
  fflush(stdout);
}

int main(int count, char** values) {
  if (count != 3) wire::fail("Usage: peers PORT SEED < script");
  signal(SIGPIPE, SIG_IGN);
  port = atoi(values[1]);
  chance = static_cast<uint64_t>(atoll(values[2])) * 0x9e3779b97f4a7c15 | 1;
  epoll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<size_t> loops;
  for (string line; std::getline(std::cin, line) && line != "go";) read_line(line, loops);
  for (Group& group : groups) {
    if (group.has_ready) awaited += group.count;
    for (int i = 0; i < group.count; i++) {
      Peer& peer = peers.emplace_back();
      peer.group = &group;
      peer.index = static_cast<int>(peers.size()) - 1;
      peer.address = address_of(group, i);
      set_wait(peer, Wait::TURN);
    }
  }
  epoll_event input{EPOLLIN, {.ptr = nullptr}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input);

  epoll_event events[512];
  for (bool over = false; !over;) {
    for (size_t i = turns.size(); i > 0; i--) {
      Peer* peer = turns.front();
      turns.pop_front();
      if (peer->wait == Wait::TURN) run(*peer);
    }
    const int64_t now = wire::now();
    while (!timers.empty() && std::get<0>(timers.top()) <= now) {
      auto [due, index, life] = timers.top();
      timers.pop();
      if (peers[index].life == life) on_timer(peers[index]);
    }
    int64_t patience = timers.empty() ? 1'000 : (std::get<0>(timers.top()) - now + 999'999) / 1'000'000;
    if (!turns.empty()) patience = 0;
    const int n = epoll_wait(epoll, events, 512, static_cast<int>(std::min<int64_t>(patience, 1'000)));
    for (int i = 0; i < n; i++) {
      if (events[i].data.ptr != nullptr) {
        on_event(*static_cast<Peer*>(events[i].data.ptr), events[i].events);
        continue;
      }
      char line[16];
      over = read(STDIN_FILENO, line, sizeof line) <= 0;
      if (!over) tell();
    }
  }
  tell();
  return 0;
}
