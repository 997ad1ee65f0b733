"""What the market says about itself: its rules, its agreements' texts, its clock."""
