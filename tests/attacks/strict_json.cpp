// Reads JSON objects, one a line, as strictly as RFC 8259 has them; says how many there were, or
// which was none.
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

int main() {
  std::ios::sync_with_stdio(false);
  long count = 0;
  for (std::string line; std::getline(std::cin, line); count++) {
    try {
      if (nlohmann::json::parse(line).is_object()) continue;
      std::cout << "no object: " << line.substr(0, 300) << std::endl;
    } catch (const nlohmann::json::exception& error) {
      std::cout << error.what() << ": " << line.substr(0, 300) << std::endl;
    }
    return 1;
  }
  std::cout << count << std::endl;
}
