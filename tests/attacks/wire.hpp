// What the programs of this folder share: sockets that never block, the handshake of a client, and
// frames (RFC 6455). Nothing here knows Parley.
#pragma once

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace wire {

// Nanoseconds of the monotonic clock.
inline int64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

inline int64_t ms(double milliseconds) { return static_cast<int64_t>(milliseconds * 1e6); }

[[noreturn]] inline void fail(const std::string& what) {
  fprintf(stderr, "%s\n", what.c_str());
  exit(2);
}

enum Opcode { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

// Begins to connect to this machine from one of its loopback addresses; -1 where it cannot.
inline int dial(const std::string& from, int port, int receive_buffer = 0) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // Ports are chosen when the other end is known, so that as many connections fit as may be open.
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (receive_buffer > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  }
  sockaddr_in here{}, there{};
  here.sin_family = there.sin_family = AF_INET;
  inet_pton(AF_INET, from.c_str(), &here.sin_addr);
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  there.sin_port = htons(static_cast<uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&here), sizeof here) != 0 ||
      (connect(fd, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0 &&
       errno != EINPROGRESS)) {
    close(fd);
    return -1;
  }
  return fd;
}

// Closes with a reset, so that nothing of the connection is left on this side.
inline void reset(int fd) {
  linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

inline std::string upgrade_request(int port, bool v1) {
  return "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         (v1 ? "Sec-WebSocket-Protocol: parley.v1\r\n\r\n" : "\r\n");
}

// Appends one frame of a client. Its mask is zero, which is a mask like any other and costs nothing.
inline void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  const size_t size = payload.size();
  out.push_back(static_cast<char>(0x80 | opcode));
  if (size < 126) {
    out.push_back(static_cast<char>(0x80 | size));
  } else if (size < 65'536) {
    out.push_back(static_cast<char>(0x80 | 126));
    for (int shift = 8; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
  } else {
    out.push_back(static_cast<char>(0x80 | 127));
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(size >> shift));
  }
  out.append(4, '\0');
  out.append(payload);
}

// One connection: what has come and is not a whole frame yet, and what the socket has not taken.
struct Wire {
  int fd = -1;
  bool upgraded = false;
  std::string in, out;
  // The status of an answer that was no upgrade; 0 where there was none.
  int refused = 0;
  // Whether what comes is not read as frames.
  bool raw = false;
  // Bytes over all connections that were made with this object.
  uint64_t sent = 0, received = 0;

  // Writes what waits; says whether the connection still stands.
  bool flush() {
    size_t done = 0;
    while (done < out.size()) {
      ssize_t n = send(fd, out.data() + done, out.size() - done, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) break;
      if (n < 0) return false;
      done += static_cast<size_t>(n);
    }
    sent += done;
    out.erase(0, done);
    return true;
  }

  // Reads once, calls `frame(opcode, payload)` for each whole frame; says whether the connection still
  // stands. Where `limit` is given, no more bytes than that are taken.
  template <class Frame>
  bool receive(Frame&& frame, size_t limit = SIZE_MAX) {
    static char buffer[1 << 18];
    ssize_t n = recv(fd, buffer, limit < sizeof buffer ? limit : sizeof buffer, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
    if (n == 0) return false;
    received += static_cast<size_t>(n);
    if (raw) return true;
    std::string_view fresh(buffer, static_cast<size_t>(n));
    if (in.empty()) {
      fresh.remove_prefix(take(fresh, frame));
      in.assign(fresh);
    } else {
      in.append(fresh);
      in.erase(0, take(in, frame));
    }
    return refused == 0;
  }

 private:
  // Takes the answer to the handshake and whole frames from the front; returns how many bytes.
  template <class Frame>
  size_t take(std::string_view bytes, Frame&& frame) {
    size_t at = 0;
    if (!upgraded) {
      size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      if (bytes.substr(0, 12) != "HTTP/1.1 101") {
        refused = atoi(std::string(bytes.substr(9, 3)).c_str());
        if (refused == 0) refused = -1;
        return bytes.size();
      }
      upgraded = true;
      at = end + 4;
    }
    for (;;) {
      if (bytes.size() - at < 2) return at;
      const auto* head = reinterpret_cast<const unsigned char*>(bytes.data() + at);
      size_t size = head[1] & 127, before = 2;
      if (size >= 126) {
        const size_t digits = size == 126 ? 2 : 8;
        if (bytes.size() - at < 2 + digits) return at;
        size = 0;
        for (size_t i = 0; i < digits; i++) size = size << 8 | head[2 + i];
        before = 2 + digits;
      }
      if (bytes.size() - at < before + size) return at;
      frame(static_cast<Opcode>(head[0] & 15), bytes.substr(at + before, size));
      at += before + size;
    }
  }
};

}  // namespace wire
