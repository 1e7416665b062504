// Two people who talk in a room, and how long each message takes: from the moment it was due, so that
// a server that stands still is seen for as long as it does.
//
//   pair PORT RATE ADDRESS [ROOM]
//
// Each says RATE messages a second, in a room of its own unless one is given. Prints "room ID" when
// both are in it. Each line "measure MS" of the input makes one line of JSON, times in microseconds.
// They send as PROTOCOL.md says under "Sending": numbered, again after a refusal, in order.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <deque>
#include <iostream>
#include <vector>

#include "wire.hpp"

using std::string;
using std::string_view;

const size_t WINDOW = 128;
// How long messages may take to come after the end of a measurement.
const int64_t DRAIN = wire::ms(20'000);
const int64_t SETUP = wire::ms(10'000);
// A body is "@", its author, its number and when it was due, and something to say.
const size_t BODY_CHARS = 64;

struct Message {
  uint64_t n;
  int64_t due;
};

struct Person : wire::Wire {
  char mark = 'A';
  // The last reply, and why it was thrown out.
  string last_text, closed;
  // Said and not acknowledged, in order; the first `flying` of them are on their way.
  std::deque<Message> open;
  size_t flying = 0;
  // As the page says: one after a refusal, then one more for each acknowledgement.
  size_t window = WINDOW;
  uint64_t n = 0, heard = 0;
  // While holding, nothing goes out: the refusals of what was on its way come first.
  bool holding = false;
  int64_t resume_at = 0;
};

static Person people[2];
static string room;
static int port;
static std::vector<double> delays;
static int64_t begin, end;
static long refused, disordered, in_time;

static string field(string_view json, string_view name) {
  string key = "\"" + string(name) + "\":";
  size_t at = json.find(key);
  if (at == string_view::npos) return "";
  at += key.size();
  if (json[at] == '"') at++;
  return string(json.substr(at, json.find_first_of("\",}", at) - at));
}

static uint64_t hex(string_view text) { return strtoull(string(text).c_str(), nullptr, 16); }

static void say(Person& person, const string& text) {
  wire::append_frame(person.out, wire::TEXT, text);
}

static void heard(Person& person, char author, uint64_t n, int64_t due) {
  if (author == person.mark) {
    while (!person.open.empty() && person.open.front().n <= n) {
      person.open.pop_front();
      if (person.flying > 0) person.flying--;
      person.window = std::min(person.window + 1, WINDOW);
    }
    return;
  }
  if (n <= person.heard) return void(disordered++);
  person.heard = n;
  const int64_t now = wire::now();
  if (due >= begin && due < end) delays.push_back(static_cast<double>(now - due) / 1e3);
  if (now >= begin && now < end) in_time++;
}

static void on_text(Person& person, string_view text) {
  if (text.find("\"status\":\"error\"") != string_view::npos) {
    refused++;
    if (person.holding) return;
    const string wait = field(text, "retry_after_ms");
    if (wait.empty()) {
      person.closed = string(text);
      return;
    }
    person.holding = true;
    person.flying = 0;
    person.window = 1;
    person.resume_at = wire::now() + wire::ms(atof(wait.c_str()));
    return;
  }
  if (text.size() < 64 && text.find("\"event\":\"ping\"") != string_view::npos) {
    return say(person, "{\"action\":\"pong\"}");
  }
  static const string_view start = "\"body\":\"@";
  bool any = false;
  for (size_t at = 0; (at = text.find(start, at)) != string_view::npos; any = true) {
    at += start.size();
    if (at + 25 > text.size()) break;
    heard(person, text[at], hex(text.substr(at + 1, 8)), static_cast<int64_t>(hex(text.substr(at + 9, 16))));
  }
  if (!any && text.find("\"status\":") != string_view::npos) person.last_text = text;
}

static void receive(Person& person) {
  bool stands = person.receive([&](auto opcode, string_view payload) {
    if (opcode == wire::PING) wire::append_frame(person.out, wire::PONG, payload);
    else if (opcode == wire::CLOSE) person.closed = "close frame";
    else on_text(person, payload);
  });
  if (!person.closed.empty()) wire::fail("The pair was thrown out: " + person.closed);
  if (!stands || !person.flush()) wire::fail("The pair was cut off");
}

static void speak(Person& person, int64_t now) {
  if (person.holding) {
    // What was refused meanwhile is answered before this has passed.
    if (now < person.resume_at) return;
    person.holding = false;
  }
  while (person.flying < std::min(person.open.size(), person.window)) {
    const Message& message = person.open[person.flying++];
    char body[BODY_CHARS + 1];
    snprintf(body, sizeof body, "@%c%08llx%016llx", person.mark,
             static_cast<unsigned long long>(message.n), static_cast<unsigned long long>(message.due));
    string text = body;
    text.resize(BODY_CHARS, '.');
    say(person, "{\"action\":\"message\",\"room_id\":\"" + room + "\",\"n\":" +
                    std::to_string(message.n) + ",\"body\":\"" + text + "\"}");
  }
  if (!person.flush()) wire::fail("The pair was cut off");
}

// Waits for input of the two, or for the next millisecond.
static void poll_once(int epoll, int patience_ms) {
  epoll_event events[4];
  const int n = epoll_wait(epoll, events, 4, patience_ms);
  for (int i = 0; i < n; i++) receive(people[events[i].data.u32]);
}

static void wait_for(int epoll, Person& person, string_view what) {
  const int64_t until = wire::now() + SETUP;
  while (person.last_text.find(what) == string::npos) {
    if (wire::now() > until) wire::fail("The pair waits for " + string(what) + ": " + person.last_text);
    poll_once(epoll, 10);
  }
}

static double percentile(double part) {
  if (delays.empty()) return -1;
  return delays[std::min(delays.size() - 1, static_cast<size_t>(part * static_cast<double>(delays.size())))];
}

static double cpu_seconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void measure(int epoll, double rate, double milliseconds) {
  delays.clear();
  refused = disordered = in_time = 0;
  begin = wire::now();
  end = begin + wire::ms(milliseconds);
  const int64_t period = wire::ms(1'000 / rate);
  const double cpu = cpu_seconds();
  const uint64_t before = people[0].n + people[1].n;
  int64_t next[2] = {begin, begin + period / 2};
  for (int64_t now = begin;; now = wire::now()) {
    for (int i = 0; i < 2; i++) {
      for (; next[i] <= now && next[i] < end; next[i] += period) {
        people[i].open.push_back({++people[i].n, next[i]});
      }
      speak(people[i], now);
    }
    const bool all = people[0].heard == people[1].n && people[1].heard == people[0].n &&
                     people[0].open.empty() && people[1].open.empty();
    if ((now >= end && all) || now > end + DRAIN) break;
    poll_once(epoll, now >= end ? 5 : 1);
  }
  // What has not come after all this time took longer than that.
  const uint64_t said = people[0].n + people[1].n - before;
  const long missing = static_cast<long>(said) - static_cast<long>(delays.size());
  for (long i = 0; i < missing; i++) delays.push_back(static_cast<double>(end - begin + DRAIN) / 1e3);
  std::sort(delays.begin(), delays.end());
  printf("{\"said\":%lu,\"p50\":%.0f,\"p99\":%.0f,\"max\":%.0f,\"perSecond\":%.1f,\"refused\":%ld,"
         "\"lost\":%ld,\"disordered\":%ld,\"cpu\":%.2f}\n",
         said, percentile(0.5), percentile(0.99), percentile(1), in_time / (milliseconds / 1e3), refused,
         missing, disordered, (cpu_seconds() - cpu) / (static_cast<double>(wire::now() - begin) / 1e9));
  fflush(stdout);
}

int main(int count, char** values) {
  if (count != 4 && count != 5) wire::fail("Usage: pair PORT RATE ADDRESS [ROOM]");
  signal(SIGPIPE, SIG_IGN);
  port = atoi(values[1]);
  const double rate = atof(values[2]);
  if (count == 5) room = values[4];
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  for (uint32_t i = 0; i < 2; i++) {
    Person& person = people[i];
    person.mark = static_cast<char>('A' + i);
    person.fd = wire::dial(values[3], port);
    if (person.fd < 0) wire::fail("The pair cannot connect");
    epoll_event event{EPOLLIN, {.u32 = i}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, person.fd, &event);
    person.out = wire::upgrade_request(port, true);
    say(person, "{\"action\":\"hello\"}");
    const int64_t until = wire::now() + SETUP;
    while (!person.out.empty() && wire::now() < until) {
      if (!person.flush()) wire::fail("The pair cannot connect");
      usleep(1'000);
    }
    wait_for(epoll, person, "\"session\":");
    if (room.empty()) say(person, "{\"action\":\"create\",\"body\":\"Pair\",\"ref\":\"in\"}");
    else say(person, "{\"action\":\"join\",\"body\":\"" + room + "\",\"ref\":\"in\"}");
    person.flush();
    wait_for(epoll, person, "\"ref\":\"in\"");
    if (room.empty()) room = field(person.last_text, "room_id");
  }
  std::cout << "room " << room << std::endl;
  // Heartbeats are answered between measurements too.
  for (string line;;) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(STDIN_FILENO, &set);
    timeval patience{0, 0};
    if (select(1, &set, nullptr, nullptr, &patience) <= 0) {
      poll_once(epoll, 10);
      continue;
    }
    if (!std::getline(std::cin, line)) return 0;
    measure(epoll, rate, atof(line.substr(line.find(' ')).c_str()));
  }
}
