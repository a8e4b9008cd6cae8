// keyboard.hpp - who talks with the guest's shell: a terminal, which is restored whatever happens,
// or a file or pipe of commands.
#pragma once

#include "process.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <termios.h>

namespace vireo {

enum class InputKind {
    none,      // nobody: the system's own app decides how the run ends
    terminal,  // somebody at a terminal
    stream,    // commands, line by line
};

// What this program's standard input is. A terminal counts only if output goes to one, too, and
// if it is ours to read.
InputKind standard_input();

// Every key comes as it is pressed, and none is a signal. Until the end of its life.
class RawTerminal {
public:
    // Exit::environment
    explicit RawTerminal(int terminal);
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal();

private:
    int terminal_;
    termios before_{};
};

// Ctrl-A x ends the run, as with QEMU. Ctrl-A itself reaches the guest at once; a second one takes
// the meaning from an x that follows.
class EscapeKeys {
public:
    // What of `bytes` is for the guest. From the key on that ends the run nothing is.
    std::string_view pass(std::string_view bytes);
    bool ended() const { return ended_; }

private:
    bool escape_ = false;
    bool ended_ = false;
};

// Carries what is typed to the guest, as fast as it takes it, once it listens.
class Keyboard {
public:
    explicit Keyboard(InputKind kind);

    // For the standard input of QEMU.
    int guest_end() const { return read_.raw(); }
    // The guest's console was heard of: what was typed until now and from now on goes there, and
    // how large the terminal is.
    void guest_listens();
    // What pump() is to look at.
    std::vector<Watched> watched();
    bool terminal() const { return kind_ == InputKind::terminal; }
    // The guest has all that came, and more may come.
    bool silent() const { return listens_ && !at_end_ && typed_.empty(); }

private:
    bool take();
    bool give();
    bool resized();
    void tell_size(usize at);

    InputKind kind_;
    Fd read_;
    Fd write_;
    Fd resizes_;  // readable when the terminal's size has changed
    std::optional<RawTerminal> raw_;
    EscapeKeys escape_;
    std::string typed_;  // and not with QEMU yet
    char last_ = '\n';
    bool at_end_ = false;
    bool listens_ = false;
    bool size_told_ = false;     // and nothing was heard of the guest since
    bool size_changed_ = false;  // since it was told
};

}  // namespace vireo
