// precompiled/empty.cpp - the source of the targets that own precompiled headers.
