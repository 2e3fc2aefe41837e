"""Results and, above them, the engines that produce them."""
