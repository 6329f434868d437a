// Python's pickle, protocols 2 and 3 (the opcodes as Lib/pickletools.py describes them).
#include "io/pickle.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/fail.h"
#include "io/dataset_formats.h"

namespace ilk::internal {
namespace {

constexpr std::uint64_t longest_kept_text = 4096;
// CIFAR-100's largest file makes some 200 thousand.
constexpr std::size_t most_values = 1'000'000;
constexpr std::array allowed_globals = {"numpy.core.multiarray _reconstruct",
                                        "numpy._core.multiarray _reconstruct", "numpy ndarray",
                                        "numpy dtype"};
using Kind = PickleValue::Kind;

bool is_small_tuple(const PickleValue* value, std::size_t size) {
  return value && value->kind == Kind::tuple && value->items.size() == size;
}

}  // namespace

/// The machine that the opcodes drive: a stack, marks in it, and a memo.
class PickleReader {
 public:
  explicit PickleReader(Pickle& pickle) : pickle_(pickle), file_(*pickle.file_) {}

  void read() {
    while (!step(byte())) {
    }
    check(stack_.size() == 1 && marks_.empty(), "must end with one value");
    pickle_.root_ = stack_.front();
  }

 private:
  template <class... Parts>
  void check(bool rule_holds, const Parts&... parts) const {
    require(rule_holds, in_open_dataset, file_.path(), ": a pickle ", parts..., " (at byte ", at_, ").");
  }

  // Bytes are taken through a window of the file.
  unsigned char byte() {
    if (at_ - window_begin_ >= window_.size() || at_ < window_begin_) {
      check(at_ < file_.size(), "must end with a stop, but is cut");
      window_begin_ = at_;
      window_.resize(std::min<std::uint64_t>(file_.size() - at_, 1 << 16));
      file_.read(at_, std::as_writable_bytes(std::span(window_)));
    }
    return window_[at_++ - window_begin_];
  }
  std::uint64_t number(int bytes) {
    std::uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) value |= std::uint64_t{byte()} << 8 * i;
    return value;
  }
  std::string line() {
    std::string text;
    for (unsigned char c = byte(); c != '\n'; c = byte()) {
      text += static_cast<char>(c);
      check(text.size() <= longest_kept_text, "must not hold such a long name");
    }
    return text;
  }

  PickleValue& make(Kind kind) {
    check(pickle_.values_.size() < most_values, "must hold at most ", most_values, " values");
    PickleValue& value = pickle_.values_.emplace_back();
    value.kind = kind;
    stack_.push_back(&value);
    return value;
  }
  void make_integer(std::int64_t number) { make(Kind::integer).integer = number; }
  void make_text(std::uint64_t size) {
    check(size <= file_.size() - at_, "must hold the ", size, " bytes of a text, but is cut");
    PickleValue& value = make(Kind::text);
    value.offset = at_;
    value.size = size;
    if (size <= longest_kept_text) {
      for (std::uint64_t i = 0; i < size; ++i) value.text += static_cast<char>(byte());
    } else {
      at_ += size;
    }
  }

  PickleValue* pop() {
    check(stack_.size() > (marks_.empty() ? 0 : marks_.back()), "must not take more values than it gave");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
  }
  PickleValue* top() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return value;
  }
  std::vector<const PickleValue*> pop_to_mark() {
    check(!marks_.empty(), "must set a mark before it goes back to one");
    std::vector<const PickleValue*> values(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()),
                                           stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return values;
  }
  void make_tuple(std::size_t size) {
    std::vector<const PickleValue*> items(size);
    for (std::size_t i = size; i-- > 0;) items[i] = pop();
    make(Kind::tuple).items = std::move(items);
  }
  void append(Kind kind, const std::vector<const PickleValue*>& values) {
    PickleValue* to = top();
    check(to->kind == kind, "must add to lists and dicts alone");
    check(kind != Kind::dict || values.size() % 2 == 0, "must give a dict's keys with values");
    to->items.insert(to->items.end(), values.begin(), values.end());
  }

  void make_global() {
    const std::string module = line();
    const std::string name = module + " " + line();
    check(std::find(allowed_globals.begin(), allowed_globals.end(), name) != allowed_globals.end(),
          "must name nothing but NumPy's arrays, got '", name, "'; nothing is run");
    make(Kind::global).text = name;
  }
  void make_object() {
    const PickleValue* arguments = pop();
    const PickleValue* global = pop();
    check(global->kind == Kind::global && arguments->kind == Kind::tuple,
          "must make NumPy's arrays and dtypes alone");
    PickleValue& object = make(Kind::object);
    object.text = global->text;
    object.arguments = arguments;
  }
  void give_state() {
    const PickleValue* state = pop();
    PickleValue* object = top();
    check(object->kind == Kind::object && object->state == nullptr,
          "must give a state to a new object alone");
    object->state = state;
  }
  void recall(std::uint64_t place) {
    const auto found = memo_.find(place);
    check(found != memo_.end(), "must remember only what it kept, got ", place);
    stack_.push_back(found->second);
  }

  /// Opcodes that give a value: constants, numbers, texts. False for others.
  bool give_value(unsigned char opcode) {
    switch (opcode) {
      case 'N':
        make(Kind::none);
        return true;
      case 0x88:
        make(Kind::boolean).integer = 1;
        return true;
      case 0x89:
        make(Kind::boolean);
        return true;
      case 'K':
        make_integer(byte());
        return true;
      case 'M':
        make_integer(static_cast<std::int64_t>(number(2)));
        return true;
      case 'J':
        make_integer(static_cast<std::int32_t>(number(4)));
        return true;
      case 'U':
      case 'C':
        make_text(byte());
        return true;
      case 'T':
      case 'B':
      case 'X':
        make_text(number(4));
        return true;
      default:
        return false;
    }
  }

  /// Opcodes that make lists, tuples and dicts and add to them. False for others.
  bool collect(unsigned char opcode) {
    switch (opcode) {
      case '(':
        marks_.push_back(stack_.size());
        return true;
      case '}':
        make(Kind::dict);
        return true;
      case ']':
        make(Kind::list);
        return true;
      case ')':
        make(Kind::tuple);
        return true;
      case 't': {
        auto items = pop_to_mark();
        make(Kind::tuple).items = std::move(items);
        return true;
      }
      case 0x85:
      case 0x86:
      case 0x87:
        make_tuple(opcode - std::size_t{0x84});
        return true;
      case 'a': {
        const PickleValue* item = pop();
        append(Kind::list, {item});
        return true;
      }
      case 'e':
      case 'u': {
        const auto items = pop_to_mark();
        append(opcode == 'e' ? Kind::list : Kind::dict, items);
        return true;
      }
      case 's': {
        const PickleValue* value = pop();
        const PickleValue* key = pop();
        append(Kind::dict, {key, value});
        return true;
      }
      default:
        return false;
    }
  }

  /// Does what the opcode says; true for the last.
  bool step(unsigned char opcode) {
    if (opcode == '.') return true;
    if (give_value(opcode) || collect(opcode)) return false;
    switch (opcode) {
      case 0x80: {
        const unsigned protocol = byte();
        check(protocol == 2 || protocol == 3, "must be of protocol 2 or 3, got ", protocol);
        return false;
      }
      case 'q':
        memo_[byte()] = top();
        return false;
      case 'r':
        memo_[number(4)] = top();
        return false;
      case 'h':
        recall(byte());
        return false;
      case 'j':
        recall(number(4));
        return false;
      case 'c':
        make_global();
        return false;
      case 'R':
        make_object();
        return false;
      case 'b':
        give_state();
        return false;
      default:
        check(false, "must hold nothing but numbers, texts, lists and NumPy's arrays, got opcode ",
              int{opcode});
        return true;
    }
  }

  Pickle& pickle_;
  const InputFile& file_;
  std::uint64_t at_ = 0, window_begin_ = 0;
  std::vector<unsigned char> window_;
  std::vector<PickleValue*> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleValue*> memo_;
};

const PickleValue* PickleValue::find(std::string_view key) const {
  if (kind != Kind::dict) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i]->kind == Kind::text && items[i]->text == key) return items[i + 1];
  return nullptr;
}

Pickle::Pickle(std::shared_ptr<const InputFile> file) : file_(std::move(file)) {
  PickleReader(*this).read();
}

Pickle::Bytes Pickle::array(const PickleValue* value, std::string_view what) const {
  const auto check = [&](bool rule_holds, std::string_view rule) {
    require(rule_holds, in_open_dataset, file_->path(), ": ", what, " ", rule, ".");
  };
  check(value && value->kind == Kind::object && value->text.ends_with("_reconstruct"),
        "must be a NumPy array");
  // State: version, shape, dtype, whether columns come first, bytes.
  const PickleValue* state = value->state;
  check(is_small_tuple(state, 5) && state->items[1]->kind == Kind::tuple &&
            state->items[3]->kind == Kind::boolean && state->items[4]->kind == Kind::text,
        "must have an array's state");
  const PickleValue* type = state->items[2];
  check(type->kind == Kind::object && type->text == "numpy dtype" && !type->arguments->items.empty() &&
            type->arguments->items[0]->text == "u1",
        "must be an array of uint8");
  Bytes bytes{.offset = state->items[4]->offset};
  std::uint64_t size = 1;
  for (const PickleValue* side : state->items[1]->items) {
    check(side->kind == Kind::integer && side->integer >= 0 && side->integer <= 1 << 30,
          "must have a shape of numbers");
    bytes.shape.push_back(side->integer);
    check(bytes.shape.size() <= 2, "must be a matrix");
    size *= static_cast<std::uint64_t>(side->integer);
  }
  check(bytes.shape.size() == 2, "must be a matrix");
  check(state->items[3]->integer == 0 || bytes.shape[0] == 1 || bytes.shape[1] == 1,
        "must be stored row by row");
  check(state->items[4]->size == size, "must have as many bytes as its shape says");
  return bytes;
}

std::vector<std::int64_t> Pickle::integers(const PickleValue* value, std::string_view what) const {
  require(value && value->kind == Kind::list, in_open_dataset, file_->path(), ": ", what, " must be a list.");
  std::vector<std::int64_t> numbers;
  for (const PickleValue* item : value->items) {
    require(item->kind == Kind::integer, in_open_dataset, file_->path(), ": ", what,
            " must be whole numbers.");
    numbers.push_back(item->integer);
  }
  return numbers;
}

std::vector<std::string> Pickle::texts(const PickleValue* value, std::string_view what) const {
  require(value && value->kind == Kind::list, in_open_dataset, file_->path(), ": ", what, " must be a list.");
  std::vector<std::string> texts;
  for (const PickleValue* item : value->items) {
    require(item->kind == Kind::text, in_open_dataset, file_->path(), ": ", what, " must be texts.");
    texts.push_back(item->text);
  }
  return texts;
}

}  // namespace ilk::internal
