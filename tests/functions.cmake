# How tests are declared. Each part declares its own, next to its sources.

if(TETHER_TESTS)
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

# tether_unit(NAME test_x SOURCES f.c... LIBS a b): a cmocka program, label "unit".
function(tether_unit)
	cmake_parse_arguments(T "" "NAME" "SOURCES;LIBS" ${ARGN})
	if(NOT TETHER_TESTS OR TETHER_LIBFUZZER)
		return()
	endif()
	add_executable(${T_NAME} ${T_SOURCES})
	target_link_libraries(${T_NAME} PRIVATE ${T_LIBS} tether_flags PkgConfig::CMOCKA)
	set_target_properties(${T_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/unit)
	add_test(NAME ${T_NAME} COMMAND ${T_NAME} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
	set_tests_properties(${T_NAME} PROPERTIES LABELS unit TIMEOUT 60)
endfunction()

# tether_fuzz(NAME fuzz_x SOURCES f.c LIBS a): LLVMFuzzerTestOneInput in f.c. Normally linked with
# a driver that replays tests/fuzz/corpus/<NAME>/* and mutations of them; with libFuzzer on request.
function(tether_fuzz)
	cmake_parse_arguments(T "" "NAME" "SOURCES;LIBS" ${ARGN})
	if(NOT TETHER_TESTS)
		return()
	endif()
	add_executable(${T_NAME} ${T_SOURCES})
	target_link_libraries(${T_NAME} PRIVATE ${T_LIBS} tether_flags)
	set_target_properties(${T_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
	if(TETHER_LIBFUZZER)
		target_compile_options(${T_NAME} PRIVATE -fsanitize=fuzzer)
		target_link_options(${T_NAME} PRIVATE -fsanitize=fuzzer)
		return()
	endif()
	target_sources(${T_NAME} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
	add_test(NAME ${T_NAME} COMMAND ${T_NAME} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${T_NAME})
	set_tests_properties(${T_NAME} PROPERTIES LABELS fuzz TIMEOUT 60)
endfunction()
