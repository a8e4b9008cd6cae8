// fault/typist.hpp - types what the laboratory asks for (lab/keys.hpp).
#pragma once

#include "qmp.hpp"

namespace vireo::fault {

class Typist {
public:
    explicit Typist(fs::path qmp_socket) : socket_{std::move(qmp_socket)} {}

    // A line that a program of the guest printed: "host: type FIRST COUNT" is obeyed. QMP serves
    // one at a time: nobody else may use it meanwhile.
    void heard(const std::string& line);

private:
    fs::path socket_;
    std::optional<Qmp> qmp_;
};

}  // namespace vireo::fault
