"""What is wrong with labelled films before anything is learnt from them."""
