#include "app/command.h"

int main(int argc, char** argv) { return whyoom::app::run(argc, argv); }
