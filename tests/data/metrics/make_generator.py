"""The generator of random numbers that the scripts here and the tests share."""


class Generator:
    """x ← x · 6364136223846793005 + 1442695040888963407 mod 2^64; below(n) is (x >> 33) mod n."""

    def __init__(self, seed):
        self.x = seed

    def below(self, n):
        self.x = (self.x * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.x >> 33) % n
