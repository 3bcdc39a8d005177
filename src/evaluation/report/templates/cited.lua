-- Citations: whatever is cited must be in the bibliography, and the list of references stands before the appendices.
-- Runs before citeproc, which fills the Div "refs".

local stringify = pandoc.utils.stringify

local function unknown(doc)
  local known, place, found = {}, '', pandoc.List {}
  for _, reference in ipairs(pandoc.utils.references(doc)) do known[reference.id] = true end
  for _, block in ipairs(doc.blocks) do
    if block.t == 'Header' and block.level == 1 then place = stringify(block) end
    pandoc.Blocks({ block }):walk {
      Cite = function(cite)
        for _, citation in ipairs(cite.citations) do
          if not known[citation.id] then found:insert(place .. '\t' .. citation.id) end
        end
      end,
    }
  end
  return found
end

function Pandoc(doc)
  local cited = false
  doc:walk { Cite = function() cited = true end }
  if not cited then return nil end
  local missing = unknown(doc)
  if #missing > 0 then error('not in the bibliography:\n' .. table.concat(missing, '\n') .. '\n', 0) end
  local place = #doc.blocks + 1
  for at, block in ipairs(doc.blocks) do
    if block.t == 'Header' and block.classes:includes('appendix') then
      place = at
      break
    end
  end
  local title = pandoc.Inlines(stringify(doc.meta['references-title']))
  local heading = pandoc.Header(1, title, pandoc.Attr('references', { 'unnumbered', 'references' }))
  doc.blocks:insert(place, heading)
  doc.blocks:insert(place + 1, pandoc.Div({}, pandoc.Attr('refs')))
  return doc
end
