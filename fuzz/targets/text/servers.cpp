// What servers answer: heads of HTTP, refusals, captions.
#include "../../fuzz_target.h"
#include "captioning/vision_chat.h"
#include "io/http_error_text.h"
#include "io/http_headers.h"

ILK_FUZZ(http_head) {
  ilk::http::Answer answer;
  for (std::string_view rest = bytes; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    ilk::http::take_header_line(answer, rest.substr(0, end));
    rest.remove_prefix(end);
  }
  answer.content_length();
  ilk::http::content_range(answer.header("content-range"));
}

ILK_FUZZ(refusal) {
  ilk::http::refusal_text(bytes, "sk-secret");
}

ILK_FUZZ(vision_answer) {
  ilk::vision_chat::read_answer(bytes, 200);
}
