// tests/host/init/fake_looker.cpp - what servers/init/looker.cpp is on the target.
#include "fake_looker.hpp"

namespace init {

Result<> Looker::prepare() { return {}; }

Result<> Looker::begin(sys::Borrowed<sys::Endpoint>, const abi::Progress&, u32)
{
    if (busy_)
        return fail(Errc::busy);
    busy_ = true;
    ++fake::looking.begun;
    verdict_ = fake::looking.verdict;
    return {};
}

}  // namespace init
