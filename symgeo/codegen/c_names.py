"""Safe C identifiers for symbols and functions whose names may be any text."""

from __future__ import annotations

import re
import unicodedata

_KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register
restrict return short signed sizeof static struct switch typedef union unsigned void volatile while asm typeof
fortran alignas alignof bool constexpr false nullptr static_assert thread_local true typeof_unqual and and_eq bitand
bitor catch class compl const_cast delete dynamic_cast explicit export friend mutable namespace new noexcept not
not_eq operator or or_eq private protected public reinterpret_cast static_cast template this throw try typeid
typename using virtual wchar_t xor xor_eq concept requires co_await co_return co_yield decltype char8_t char16_t
char32_t
"""
_MATHEMATICS = """
acos asin atan atan2 cos sin tan acosh asinh atanh cosh sinh tanh exp exp2 expm1 frexp ilogb ldexp log log10 log1p
log2 logb modf scalbn scalbln cbrt fabs hypot pow sqrt erf erfc lgamma tgamma ceil floor nearbyint rint lrint llrint
round lround llround trunc fmod remainder remquo copysign nan nextafter nexttoward fdim fmax fmin fma fpclassify
isfinite isinf isnan isnormal signbit isgreater isgreaterequal isless islessequal islessgreater isunordered gamma
drem significand j0 j1 jn y0 y1 yn signgam finite scalb exp10 pow10 sincos double_t float_t matherr exception
"""
_LIBRARY = """
main NULL NAN INFINITY HUGE_VAL DOMAIN SING OVERFLOW UNDERFLOW PLOSS TLOSS I complex imaginary linux unix i386 errno
assert setjmp longjmp signal raise size_t ptrdiff_t offsetof va_list abort abs atexit atof atoi atol atoll bsearch
calloc div exit free getenv labs ldiv llabs lldiv malloc mblen mbstowcs mbtowc qsort rand realloc srand strtod
strtof strtol strtold strtoll strtoul strtoull system wcstombs wctomb memchr memcmp memcpy memmove memset strcat
strchr strcmp strcoll strcpy strcspn strerror strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtok
strxfrm asctime clock ctime difftime gmtime localtime mktime strftime time tm clearerr fclose feof ferror fflush
fgetc fgetpos fgets fopen fprintf fputc fputs fread freopen fscanf fseek fsetpos ftell fwrite getc getchar gets
perror printf putc putchar puts remove rename rewind scanf setbuf setvbuf snprintf sprintf sscanf stderr stdin
stdout tmpfile tmpnam ungetc vfprintf vfscanf vprintf vscanf vsnprintf vsprintf vsscanf isalnum isalpha isblank
iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit tolower toupper accept access alarm bind
brk bcmp bcopy bzero chdir chmod chown close connect creat dup dup2 environ execl execv execve fcntl ffs fork getopt
getpid index ioctl kill link listen lseek mkdir mmap nice open optarg optind pause pipe poll random read recv
recvfrom rindex rmdir sbrk select send sendto sleep socket stat strdup swab symlink sync times truncate umask uname
unlink usleep utime wait write
"""
RESERVED = frozenset(f"{_KEYWORDS} {_MATHEMATICS} {_LIBRARY}".split())

# Prefixes of the helpers, of the GNU Scientific Library and of its BLAS.
_PREFIXES = ("sg_", "gsl_", "GSL_", "cblas_")
# Those of float and long double functions end in f and l.
_SUFFIXED = frozenset(name + suffix for name in _MATHEMATICS.split() for suffix in "fl")


def c_identifier(name: str) -> str:
    r"""Turn any text into a C identifier of ASCII: ``x_1`` stays, ``\sigma`` and ``σ`` give ``sigma``."""
    text = "".join(map(_letter, unicodedata.normalize("NFKD", name)))
    text = re.sub(r"\W+", " ", text, flags=re.ASCII).strip().replace(" ", "_")
    text = re.sub("__+", "_", text) or "v"
    if not text[0].isalpha() or text.startswith(_PREFIXES):
        text = "v" + text if text[0] == "_" else "v_" + text
    return text + "_" if text in RESERVED or text in _SUFFIXED else text


def _letter(character: str) -> str:
    """An ASCII character as it is, a Greek letter by its name, an accent as nothing, all else as a blank."""
    if character.isascii():
        return character
    words = unicodedata.name(character, "").split()
    if words[:1] == ["GREEK"] and "LETTER" in words and "WITH" not in words:
        return words[-1].capitalize() if "CAPITAL" in words else words[-1].lower()
    return "" if unicodedata.combining(character) else " "
