//! Finds groups by their names, for paths such as `PATIENT_RESULT/ORDER_OBSERVATION[2]/OBX[1]-5`.

use std::ops::Range;

use super::{Child, Node, Tree};

/// Which of several groups of one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// All of them.
    All,
    /// One of them, counted from 1 in the order of the message.
    Index(usize),
}

impl Tree {
    /// The groups that a path of names leads to, each as the positions of its segments in the message.
    ///
    /// A name is written with or without the structure's prefix (`ORU_R01.ORDER_OBSERVATION`), and levels may be
    /// left out: a step looks at any depth below the one before, and counts in the order of the message. The
    /// structure's own name is the whole message. An empty path is the whole message; nothing is found for a name
    /// that does not occur.
    #[must_use]
    pub fn resolve(&self, path: &[(&str, Pick)]) -> Vec<Range<usize>> {
        let mut found = vec![&self.root];
        for (name, pick) in path {
            let name =
                name.strip_prefix(self.root.name).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name);
            if name == self.root.name {
                continue;
            }
            let mut next = Vec::new();
            for node in found {
                let mut below = Vec::new();
                node.collect(name, &mut below);
                match pick {
                    Pick::All => next.append(&mut below),
                    Pick::Index(index) => {
                        next.extend(index.checked_sub(1).and_then(|at| below.get(at).copied()))
                    }
                }
            }
            found = next;
        }
        found.iter().map(|node| node.segments.clone()).collect()
    }

    /// The groups around a segment, from the message inward; empty for a position that the message does not have.
    #[must_use]
    pub fn around(&self, position: usize) -> Vec<&Node> {
        let mut nodes = Vec::new();
        let mut current = Some(&self.root).filter(|root| root.segments.contains(&position));
        while let Some(node) = current {
            nodes.push(node);
            // Groups stand in the order of their segments.
            let after = node.children.partition_point(|child| child.start() <= position);
            current = after.checked_sub(1).and_then(|at| match &node.children[at] {
                Child::Group(inner) if inner.segments.contains(&position) => Some(inner),
                _ => None,
            });
        }
        nodes
    }
}

impl Node {
    /// Groups with this name at any depth, in the order of the message.
    fn collect<'t>(&'t self, name: &str, found: &mut Vec<&'t Node>) {
        for child in &self.children {
            if let Child::Group(node) = child {
                if node.name == name {
                    found.push(node);
                }
                node.collect(name, found);
            }
        }
    }
}

impl Child {
    fn start(&self) -> usize {
        match self {
            Child::Segment(position) => *position,
            Child::Group(node) => node.segments.start,
        }
    }
}
