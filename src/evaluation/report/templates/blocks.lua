-- Turns the report's exhibits, code, headings and links into what HTML, Typst and Word each need.
-- An exhibit is a Div of class "exhibit" with a caption paragraph, a picture or a table, and notes. The caption begins
-- with its label in bold ("Figure 2.1"). A Div of class "code" holds the code behind it. A link of class "number" stands
-- on a number in the text.

local format = FORMAT:match('html') and 'html' or FORMAT:match('typst') and 'typst' or 'docx'
local text_cells = { Str = true, Space = true, SoftBreak = true }

local linked = nil -- what a link inside the report becomes, below

local function quoted(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('%s+', ' ') .. '"'
end

-- Typst would make dashes and dots of these, which pandoc lets through.
local function literal(str)
  if str.text:find('%-[-?%d]') or str.text:find('...', 1, true) then
    return pandoc.RawInline('typst', '#' .. quoted(str.text) .. ';')
  end
end

local function typst(blocks)
  local unwrapped = pandoc.WriterOptions { wrap_text = 'wrap-none' }
  local document = pandoc.Pandoc(blocks):walk { Link = function(link) return linked(link) end, Str = literal }
  return (pandoc.write(document, 'typst-smart-citations', unwrapped):gsub('%s+$', ''))
end

local function parts_of(div)
  local caption, body, notes = nil, nil, pandoc.Blocks {}
  for _, block in ipairs(div.content) do
    local picture = (block.t == 'Para' or block.t == 'Plain') and #block.content == 1 and block.content[1].t == 'Image'
    if block.t == 'Table' or picture then
      body = block
    elseif caption == nil then
      caption = block.content
    else
      notes:insert(block)
    end
  end
  return caption, body, notes
end

local function read_file(path)
  local file = assert(io.open(path, 'rb'), 'missing picture ' .. path)
  local bytes = file:read('a')
  file:close()
  return bytes
end

-- Tables -------------------------------------------------------------------------------------------------------

local function cell_text(cell)
  for _, block in ipairs(cell.contents) do
    for _, inline in ipairs(block.content or {}) do
      if not text_cells[inline.t] then return '[' .. typst(cell.contents) .. ']' end
    end
  end
  local text = pandoc.utils.stringify(cell.contents)
  return text == '' and '[]' or '[#' .. quoted(text) .. ']'
end

local column_widths = dofile(pandoc.path.join { pandoc.path.directory(PANDOC_SCRIPT_FILE), 'widths.lua' })

local function typst_table(tbl)
  local widths, size, beyond = column_widths(tbl)
  local sides = {}
  for place, spec in ipairs(tbl.colspecs) do
    sides[place] = spec[1] == 'AlignRight' and 'right' or 'left'
  end
  local lines = {
    string.format(
      '#report-table(%.2fpt, %.2fcm, (%s,), (%s,),', size, beyond, table.concat(widths, ', '), table.concat(sides, ', ')
    ),
  }
  local function add(row, before, after)
    local cells = {}
    for place, cell in ipairs(row.cells) do cells[place] = cell_text(cell) end
    table.insert(lines, before .. table.concat(cells, ', ') .. after)
  end
  for _, row in ipairs(tbl.head.rows) do add(row, '  table.header(repeat: true, ', '),') end
  table.insert(lines, '  table.hline(stroke: 0.5pt + report-ink),')
  for _, body in ipairs(tbl.bodies) do
    for _, row in ipairs(body.body) do add(row, '  ', ',') end
  end
  table.insert(lines, ')')
  return table.concat(lines, '\n')
end

-- Sides are set by a class, as the page's security policy forbids style attributes.
local function sides_by_class(tbl)
  local right = {}
  for place, spec in ipairs(tbl.colspecs) do
    right[place] = spec[1] == 'AlignRight'
    tbl.colspecs[place] = { 'AlignDefault', nil }
  end
  local function mark(row)
    for place, cell in ipairs(row.cells) do
      if right[place] then cell.attr.classes:insert('right') end
    end
  end
  for _, row in ipairs(tbl.head.rows) do mark(row) end
  for _, body in ipairs(tbl.bodies) do
    body.row_head_columns = #tbl.colspecs > 1 and 1 or 0
    for _, row in ipairs(body.body) do mark(row) end
  end
  return tbl
end

local function scrolling(tbl, attributes, heading)
  local region = string.format('<div class="scroll" tabindex="0" %s>', heading)
  for name, value in pairs(attributes) do tbl.attr.attributes[name] = value end
  return pandoc.Blocks { pandoc.RawBlock('html', region), sides_by_class(tbl), pandoc.RawBlock('html', '</div>') }
end

-- Exhibits -----------------------------------------------------------------------------------------------------

local function html_exhibit(div, caption, body, notes)
  local kind = div.classes:includes('figure') and 'figure' or 'table'
  local id = div.identifier
  local blocks = pandoc.Blocks {
    pandoc.RawBlock('html', string.format('<figure id="%s" class="%s">', id, kind)),
    pandoc.RawBlock('html', string.format('<figcaption id="%s-caption">', id)),
    pandoc.Plain(caption),
    pandoc.RawBlock('html', '</figcaption>'),
  }
  if kind == 'figure' then
    local image = body.content[1]
    local svg = read_file((image.src:gsub('%.png$', '.svg')))
    image.src = pandoc.mediabag.make_data_uri('image/svg+xml', svg)
    image.attributes.width = nil
    blocks:insert(pandoc.Plain { image })
  else
    local labelled = string.format('role="region" aria-labelledby="%s-caption"', id)
    blocks:extend(scrolling(body, { ['aria-labelledby'] = id .. '-caption' }, labelled))
  end
  if #notes > 0 then blocks:insert(pandoc.Div(notes, pandoc.Attr('', { 'note' }))) end
  blocks:insert(pandoc.RawBlock('html', '</figure>'))
  return blocks
end

local alone = nil -- whether the document is a page of its own, with a size that is found by trying
local unbroken = 20 -- rows of a table that is kept on one page

local function typst_exhibit(div, caption, body, notes)
  local kind, content
  if body.t == 'Table' then
    kind, content = 'table', typst_table(body)
  else
    local image = body.content[1]
    local svg = '/' .. image.src:gsub('%.png$', '.svg')
    kind = 'image'
    content = string.format(
      '#image(%s, alt: %s, width: %s)', quoted(svg), quoted(pandoc.utils.stringify(image.caption)),
      (alone and 'page-scale * ' or '') .. (image.attributes.width or '100%')
    )
  end
  local note = #notes > 0 and '\n#report-note[' .. typst(notes) .. ']' or ''
  local figure = string.format(
    '#figure(\n  kind: %s, supplement: none, numbering: none,\n  caption: figure.caption(position: top)[%s],\n)[\n%s%s\n] <%s>',
    kind, typst { pandoc.Plain(caption) }, content, note, div.identifier
  )
  local long = body.t == 'Table' and #body.bodies[1].body > unbroken
  if not long then figure = '#[\n#show figure: set block(breakable: false)\n' .. figure .. '\n]' end
  return pandoc.RawBlock('typst', figure)
end

local function styled(style, blocks)
  return pandoc.Div(blocks, pandoc.Attr('', {}, { ['custom-style'] = style }))
end

-- Word: fields that it can bring up to date, each with its result in place.
local entities = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }

local function escaped(text) return (text:gsub('[&<>"]', entities)) end

local function word_text(text, bold)
  local run = '<w:r>%s<w:t xml:space="preserve">%s</w:t></w:r>'
  return run:format(bold and '<w:rPr><w:b/></w:rPr>' or '', escaped(text))
end

local function word_field(instruction, result, bold)
  return ('<w:fldSimple w:instr=" %s ">%s</w:fldSimple>'):format(escaped(instruction), word_text(result, bold))
end

-- The bookmark that pandoc gives an identifier, for links; and one around the label alone, for references.
local function bookmark(identifier)
  if identifier:match('^%a') and utf8.len(identifier) <= 40 then return identifier end
  return 'X' .. pandoc.utils.sha1(identifier):sub(2)
end

local function label_bookmark(identifier) return '_Ref' .. pandoc.utils.sha1(identifier):sub(1, 16) end

local labels = 100000 -- bookmarks' numbers, beyond those that pandoc gives

-- "Figure 2.1": Word counts the last number anew in every chapter, and can list what carries the same word.
local function word_caption(identifier, caption)
  local label = pandoc.utils.stringify(caption[1])
  local word, before, number = label:match('^(%S+)%s+([%d.]-)(%d+)$')
  if caption[1].t ~= 'Strong' or not word then error('the caption does not begin with its label: ' .. label) end
  local sequence = word_field('SEQ ' .. word .. ' \\* ARABIC' .. (before ~= '' and ' \\s 1' or ''), number, true)
  labels = labels + 1
  local marked = '<w:bookmarkStart w:id="%d" w:name="%s"/>%s<w:bookmarkEnd w:id="%d"/>'
  local shown = word_text(word .. ' ' .. before, true) .. sequence
  local labelled = marked:format(labels, label_bookmark(identifier), shown, labels)
  local inlines = pandoc.Inlines { pandoc.Span({}, pandoc.Attr(identifier)), pandoc.RawInline('openxml', labelled) }
  for place = 2, #caption do inlines:insert(caption[place]) end
  return styled('Caption', { pandoc.Para(inlines) })
end

local function docx_exhibit(div, caption, body, notes)
  notes = notes:walk { Link = function(link) return linked(link) end }
  local blocks = pandoc.Blocks { word_caption(div.identifier, caption) }
  if body.t == 'Table' then
    blocks:insert(body)
  else
    blocks:insert(styled('Captioned Figure', { pandoc.Para(body.content) }))
  end
  if #notes > 0 then blocks:insert(styled('Exhibit Note', notes)) end
  return blocks
end

-- The code behind an exhibit: folded on the page, and left out on paper and in Word, where the notebooks stand for it.
local function code_block(div, label, word)
  if format ~= 'html' then return pandoc.Blocks {} end
  local opening = string.format('<details class="code"><summary>%s%s</summary>', word, label and ' · ' .. label or '')
  local blocks = pandoc.Blocks { pandoc.RawBlock('html', opening) }
  blocks:extend(div.content)
  blocks:insert(pandoc.RawBlock('html', '</details>'))
  return blocks
end

local exhibit_for = { html = html_exhibit, typst = typst_exhibit, docx = docx_exhibit }

-- The document -------------------------------------------------------------------------------------------------

local first_level = { chapter = true, appendix = true, summary = true, references = true }

-- Only a chapter's own title is of the first level, and no level is skipped (PDF/UA asks for that). On a page of its
-- own the notebook's title is not shown, and what stands below it moves up.
local function regular_headings(doc)
  alone = doc.meta.alone
  local last = 0
  return doc:walk {
    traverse = 'topdown',
    Header = function(header)
      local own = header.classes:find_if(function(class) return first_level[class] end)
      if header.level == 1 and not own then header.level = 2 end
      if doc.meta.alone then header.level = header.level - 1 end
      header.level = math.min(header.level, last + 1)
      last = header.level
      return header
    end,
  }
end

-- Word: the draft's mark and the banner, and a contents list that is filled in already and that Word can update (pandoc's
-- own is empty).
local function word_opening(doc)
  if format ~= 'docx' then return nil end
  local function field(kind, code)
    local instruction = code and '<w:r><w:instrText xml:space="preserve"> ' .. code .. ' </w:instrText></w:r>' or ''
    return pandoc.RawInline('openxml', string.format('<w:r><w:fldChar w:fldCharType="%s"/></w:r>%s', kind, instruction))
  end
  local entries, chapter, section = pandoc.Blocks {}, 0, 0
  for _, block in ipairs(doc.blocks) do
    if block.t == 'Header' and block.level <= 2 then
      local label = ''
      if not block.classes:includes('unnumbered') then
        chapter = block.level == 1 and chapter + 1 or chapter
        section = block.level == 1 and 0 or section + 1
        label = block.level == 1 and chapter .. ' ' or chapter .. '.' .. section .. ' '
      end
      local title = pandoc.Inlines { pandoc.Str(label) }
      title:extend(block.content)
      entries:insert(styled('toc ' .. block.level, { pandoc.Para { pandoc.Link(title, '#' .. block.identifier) } }))
    end
  end
  local opening = pandoc.Blocks {}
  for _, name in ipairs { 'draft', 'banner' } do
    if doc.meta[name] and #doc.meta[name] > 0 then
      opening:insert(styled('Notice', { pandoc.Para(pandoc.Inlines(doc.meta[name])) }))
    end
  end
  if #entries > 0 then
    opening:insert(styled('TOC Heading', { pandoc.Para(pandoc.Inlines(doc.meta['toc-title'])) }))
    local first, last = entries[1].content[1].content, entries[#entries].content[1].content
    first:insert(1, field('separate'))
    first:insert(1, field('begin', 'TOC \\o "1-2" \\h \\z \\u'))
    last:insert(field('end'))
    opening:extend(entries)
  end
  opening:extend(doc.blocks)
  doc.blocks = opening
  return doc
end

local last_label, code_word = nil, nil

local function read_words(doc) code_word = pandoc.utils.stringify(doc.meta['code-word'] or '') end

local blocks = { traverse = 'topdown' }

function blocks.Div(div)
  if div.classes:includes('code') then return code_block(div, last_label, code_word), false end
  if not div.classes:includes('exhibit') then return nil end
  local caption, body, notes = parts_of(div)
  last_label = pandoc.utils.stringify(caption[1])
  return exhibit_for[format](div, caption, body, notes), false
end

function blocks.Header() last_label = nil end

-- A number that leads to its source reads as text on paper, and a reference to an exhibit follows its number in Word.
function linked(link)
  if link.classes:includes('data') and format ~= 'html' then return {} end -- of a file beside the page
  local target, text = link.target:match('^#(.+)$'), pandoc.utils.stringify(link.content)
  if not target then return nil end
  if link.classes:includes('number') then
    if format == 'typst' then
      local shown = typst { pandoc.Plain(link.content) }
      return pandoc.RawInline('typst', string.format('#number-link(<%s>)[%s]', target, shown))
    elseif format == 'docx' then
      local run = '<w:hyperlink w:anchor="%s" w:history="1">%s</w:hyperlink>'
      return pandoc.RawInline('openxml', run:format(escaped(bookmark(target)), word_text(text)))
    end
  elseif format == 'docx' and (target:match('^fig%-') or target:match('^tbl%-')) then
    local lower = text:match('^%l') and ' \\* Lower' or ''
    return pandoc.RawInline('openxml', word_field('REF ' .. label_bookmark(target) .. ' \\h' .. lower, text))
  end
end

blocks.Link = linked
blocks.Str = format == 'typst' and literal or nil

function blocks.Table(tbl)
  if format == 'typst' then return pandoc.RawBlock('typst', typst_table(tbl)), false end
  if format == 'html' then return scrolling(tbl, {}, ''), false end
end

function blocks.Image(image)
  error('the text shows a picture that is not an exhibit: ' .. image.src)
end

-- pandoc's Typst writer gives formulas no alternative text, which PDF/UA asks for: their source serves.
function blocks.Math(math)
  if format ~= 'typst' then return nil end
  local block = math.mathtype == 'DisplayMath'
  local formula = typst { pandoc.Plain { pandoc.Math('InlineMath', math.text) } }
  if formula:sub(1, 1) ~= '$' then error('the formula cannot be read as TeX: ' .. math.text) end
  return pandoc.RawInline('typst', string.format(
    '#math.equation(block: %s, alt: %s, (%s).body)', tostring(block), quoted(math.text), formula
  ))
end

return {
  { Pandoc = regular_headings },
  { Pandoc = read_words },
  blocks,
  { Pandoc = word_opening },
}
